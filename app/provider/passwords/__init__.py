"""Passwords of accounts: how strong, how they are hashed, and who may guess how often.

Signing in with one is a page, in `app/provider/views`.
"""
