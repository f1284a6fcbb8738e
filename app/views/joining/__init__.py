"""The pages of newcomers: asking to join, coming by an invitation, inviting.

Moderators answer those who ask in `app/views/moderation`.
"""
