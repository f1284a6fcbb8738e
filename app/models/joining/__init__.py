"""How newcomers become users: the one decision, those who ask, those who are invited.

Signing in, once somebody is a user, is `app/models/sign_ins.py`.
"""
