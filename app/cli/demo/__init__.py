"""Made-up people who talk to one another, to see the site alive or full.

Nothing here is reached from a page.
"""
