"""No shared secrets in the database, and a bound on the requests that wait at the provider."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.drop_table("association")
    # Its rows live for an hour and hold whatever anybody sent: visitors who are about to
    # sign in at another site are asked to begin again.
    op.drop_table("pending_request")
    _make_pending_request(sa.Column("address_key", sa.String(64), nullable=False))
    op.create_index("ix_pending_request_address_key_id", "pending_request", ["address_key", "id"])


def downgrade() -> None:
    op.drop_table("pending_request")
    _make_pending_request()
    op.create_table(
        "association",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("endpoint_key", sa.String(64), nullable=False),
        sa.Column("handle", sa.String(255), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("issued", sa.BigInteger, nullable=False),
        sa.Column("lifetime", sa.Integer, nullable=False),
        sa.Column("assoc_type", sa.String(64), nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_association"),
    )
    op.create_index("ix_association_endpoint_key", "association", ["endpoint_key"])
    op.create_index("ix_association_expires", "association", ["expires"])


def _make_pending_request(*more: sa.Column) -> None:
    op.create_table(
        "pending_request",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        *more,
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("verified", sa.Boolean),
        sa.Column("began", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pending_request"),
        sa.UniqueConstraint("token_hash", name="uq_pending_request_token_hash"),
    )
    op.create_index("ix_pending_request_began", "pending_request", ["began"])
