"""The site's own OpenID provider, as its account holders, other sites and guessers meet it.

How this site signs people in with it, as with any other provider, is in `sign_in`.
"""
