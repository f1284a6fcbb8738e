"""The site in browsers that people use: Chromium with and without scripts, and w3m.

What the HTML alone tells is tested in `pages` and `web`.
"""
