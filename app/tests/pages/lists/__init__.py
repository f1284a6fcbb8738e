"""Lists of posts and people: paging, who is seen, following.

One post or one profile is tested beside this package.
"""
