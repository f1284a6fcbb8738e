"""Posts: what is written, what it names (tags, mentions), and posts that were brought along.

What pages read of many posts at once is in `app/queries`.
"""
