"""Signing in with an OpenID, as a relying party: discovery, guarded fetching, answers.

It knows no page of the site; `app/views/auth.py` says what happens to who was vouched for.
"""
