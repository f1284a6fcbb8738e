"""Search: what was typed as terms, these as statements, and a page of what fits.

Who sees which post is the condition of `app/queries/visibility.py`, as for every list.
"""
