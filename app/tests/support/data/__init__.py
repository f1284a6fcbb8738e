"""Databases of tests: filled, watched, and failing.

Nothing here asks for a page.
"""
