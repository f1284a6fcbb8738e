"""What pages read of those who ask to join and of those who were invited.

Who may join is decided in `app/models/joining`.
"""
