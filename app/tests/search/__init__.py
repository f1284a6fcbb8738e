"""Searching posts: what is found, by whom, how often, and in which time.

That hidden posts leave no gap there either is tested with all other lists, in `pages`.
"""
