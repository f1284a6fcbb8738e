"""The pages of reports, of moderators, and of whoever is suspended.

What a decision changes is in `app/models/moderation`.
"""
