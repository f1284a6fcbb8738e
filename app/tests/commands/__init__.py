"""The commands of whoever runs the site.

How they back up and restore a database is in `copies`.
"""
