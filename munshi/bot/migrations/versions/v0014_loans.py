"""Loans that are offered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "loans",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("code", sa.String(120), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_hi", sa.Text, nullable=False),
        sa.Column("aliases", sa.JSON, nullable=False),
        sa.Column("rate_from", sa.String(10), nullable=False),
        sa.Column("rate_to", sa.String(10), nullable=False),
        sa.Column("max_paise", sa.BigInteger, nullable=False),
        sa.Column("max_months", sa.Integer, nullable=False),
        sa.Column("max_share", sa.String(10), nullable=False),
        sa.Column("max_obligations", sa.String(10), nullable=False),
        sa.Column("min_income_paise", sa.BigInteger, nullable=False),
        sa.Column("fee_percent", sa.String(10), nullable=False),
        sa.Column("fee_least_paise", sa.BigInteger, nullable=False),
        sa.Column("fee_most_paise", sa.BigInteger),
        sa.Column("extra", sa.JSON, nullable=False),
    )
