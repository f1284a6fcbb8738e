"""The site as processes: how it starts, where it lies, what it bears, and how it stops.

What can be asked of an application in the tests' own process is asked there.
"""
