"""Customers, the chats that are bound to them, and login tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "customers",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("customer_id", sa.String(120), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("phone", sa.String(40), nullable=False, index=True),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("extra", sa.JSON, nullable=False),
    )
    op.create_table(
        "logins",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("session_id", sa.String(200), primary_key=True),
        sa.Column("customer_id", sa.String(120), nullable=False, index=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "login_tokens",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("customer_id", sa.String(120), nullable=False, index=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
    )
