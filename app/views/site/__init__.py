"""Pages about the site itself, which know no user: what programs ask of it.

What goes wrong is told by `app/views/errors.py`.
"""
