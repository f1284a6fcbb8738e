"""Passwords of accounts: how they are chosen, kept, guessed and asked for again.

The protocol around them is tested beside this package.
"""
