"""What holds for every request: who may, how often, how large, and with which headers.

What a single page shows is in `pages`.
"""
