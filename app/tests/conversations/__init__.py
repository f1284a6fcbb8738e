"""Replies, the conversations that they make, and what lists tell of both."""
