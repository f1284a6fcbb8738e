"""The provider's pages: its endpoint with consent, and what members do with their account.

The messages of the protocol are read and written in `app/provider/protocol`.
"""
