"""Conversations: what posts have to do with each other, and the page of one conversation."""
