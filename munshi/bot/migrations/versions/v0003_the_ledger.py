"""Accounts and the journal of what moves between them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "accounts",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("account_id", sa.String(120), primary_key=True),
        sa.Column("customer_id", sa.String(120), index=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("number", sa.String(120), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("balance_paise", sa.BigInteger, nullable=False),
        sa.Column("floor_paise", sa.BigInteger),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("business", sa.String(120), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(20), nullable=False, unique=True),
        sa.Column("memo", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.UniqueConstraint("business", "key", name="journal_once"),
    )
    op.create_table(
        "postings",
        sa.Column("journal_id", sa.Integer, sa.ForeignKey("journal.id"), primary_key=True),
        sa.Column("account_id", sa.String(120), primary_key=True),
        sa.Column("business", sa.String(120), nullable=False),
        sa.Column("amount_paise", sa.BigInteger, nullable=False),
    )
