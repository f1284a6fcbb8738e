"""The pages of posts and people, as a visitor without a script reads and sends them.

What holds for every page alike is in `web`, in real browsers in `browsers`, and of one's own
account in `account`.
"""
