"""What people of a test do: join, guess, report, decide.

The browser they do it with is beside this package.
"""
