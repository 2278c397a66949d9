"""What was asked for about an order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "order_requests",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("kind", sa.String(40), primary_key=True),
        sa.Column("reference", sa.String(20), nullable=False),
    )
