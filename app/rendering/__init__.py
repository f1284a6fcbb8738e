"""How a stored thing looks on a page: rows in, values that a template only puts in place out.

Nothing here asks the database; which rows there are is decided in `app.queries`, and what
stands around them in the templates.
"""
