"""Stands in the way of trio, which Selenium brings, and which httpcore imports when it is there.

The site runs without Selenium; so do the processes that tests start, in less time.
"""

raise ImportError("trio is not a part of the site")
