"""The pages on which users look after their sign-in, their data and those they block.

The profile, which others see, is `app/views/profiles.py`.
"""
