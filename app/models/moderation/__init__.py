"""Keeping order: reports, what moderators decide, suspensions and the log.

Who sees a hidden post is decided in `app/queries/visibility.py`.
"""
