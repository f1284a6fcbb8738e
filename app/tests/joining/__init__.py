"""Joining: every way in under every JOIN, asking moderators, and invitations and their tree."""
