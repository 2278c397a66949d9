"""Who writes over a channel, and whose chat that is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "channel_users",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("session_id", sa.String(200), primary_key=True),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(200)),
        sa.Column("phone", sa.String(40)),
        sa.Column("identity", sa.String(100), nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("business", "channel", "user_id"),
        sa.UniqueConstraint("business", "channel", "phone"),
    )
