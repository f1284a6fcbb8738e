"""Attempts to get at somebody's account through letters; none of them may succeed.

What those do who are who they say is tested in `app/tests/provider/recovery.py`.
"""
