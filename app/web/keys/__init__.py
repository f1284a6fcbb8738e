"""The key that signs cookies: where it comes from, and cookies that another one signed.

What is in a cookie is in `app/web/browser_session.py`.
"""
