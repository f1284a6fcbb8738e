"""How two users stand to each other: following and blocking.

Nothing here knows a post.
"""
