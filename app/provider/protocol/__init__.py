"""The provider's side of OpenID: what it takes for a request, and what it answers.

It shows nothing and asks nobody; the pages are in `app/provider/views`.
"""
