"""Which posts a reader may see: one condition, which every list of posts and a single post take.

A list takes it inside its innermost LIMIT. Rows that are left out later leave gaps, or a
page that is empty although there is more to read.
"""

import sqlalchemy as sa

from app.models import Post

# The id of the reader, 0 for a visitor. Every statement with posts takes it.
READER = sa.bindparam("reader", type_=sa.Integer)

# All that a row of Post must fulfil for READER to see it: today, nothing. An exists() may ask
# other tables, by an alias, since a list may have users or tags of its own.
CONDITIONS: tuple[sa.ColumnElement[bool], ...] = ()


def visible(rows: sa.Select, post_id=Post.id) -> sa.Select:
    """Return `rows` without the posts that their reader may not see.

    Posts are among their tables, or they have but the ids of some, in the column `post_id`.
    """
    if not CONDITIONS:
        return rows
    if post_id is Post.id:
        return rows.where(*CONDITIONS)
    return rows.where(looked_up(sa.select(sa.and_(*CONDITIONS)).where(Post.id == post_id), rows))


def looked_up(value: sa.Select, rows: sa.Select) -> sa.ScalarSelect:
    """Return `value`, looked up anew for each of `rows`.

    No database makes a join of it, as it does of `exists()`: a join may begin elsewhere, and
    leaves the order in which an index gives the rows.
    """
    return value.correlate(*rows.get_final_froms()).scalar_subquery()
