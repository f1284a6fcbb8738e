"""The other side of a sign-in: providers, relying parties and hosts, honest or hostile.

None of it is the site's own code, and `peers` is not even Python; what they show to be true is
tested in `sign_in`, `provider` and `fetching`.
"""
