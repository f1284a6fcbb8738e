"""One's own OpenIDs and sign-ins: adding, proving, ending and losing them.

How one comes in at all is in `sign_in`; usernames and passwords are in `provider`.
"""
