"""The second step of a sign-in at our provider: a code of an app after the password.

The codes are in `totp`, what is kept of them in `models`; the pages are in `app/provider/views`.
"""
