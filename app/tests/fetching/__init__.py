"""Fetching what a visitor typed: where it may go, how long it takes, and what it reads.

What is done with an answer is in `sign_in`.
"""
