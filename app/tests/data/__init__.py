"""Taking posts along, bringing them in, and leaving.

What stands on the page of a profile is tested in `pages`.
"""
