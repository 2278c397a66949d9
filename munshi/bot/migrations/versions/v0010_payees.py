"""Payees, and an index by which the postings of one account are found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "payees",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("payee_id", sa.String(120), primary_key=True),
        sa.Column("customer_id", sa.String(120), nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("nicknames", sa.JSON, nullable=False),
        sa.Column("number", sa.String(120), nullable=False),
        sa.Column("ifsc", sa.String(11), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
    )
    op.create_index("postings_by_account", "postings", ["business", "account_id"])
