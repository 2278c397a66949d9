"""Cards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "cards",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("card_id", sa.String(120), primary_key=True),
        sa.Column("customer_id", sa.String(120), nullable=False, index=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("last_four", sa.String(4), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("blocked_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("replacement", sa.String(20), nullable=False),
    )
