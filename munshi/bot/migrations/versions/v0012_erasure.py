"""Whom a chat was ever bound to, who was erased, and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables; what is known of chats' customers so far is taken over."""
    op.create_table(
        "chat_customers",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("session_id", sa.String(200), primary_key=True),
        sa.Column("customer_id", sa.String(120), primary_key=True),
    )
    op.execute(
        "INSERT INTO chat_customers (business, session_id, customer_id)"
        " SELECT business, session_id, customer_id FROM sessions WHERE customer_id IS NOT NULL"
        " UNION SELECT business, session_id, customer_id FROM logins"
        " UNION SELECT business, session_id, customer_id FROM tickets WHERE customer_id IS NOT NULL"
    )
    op.create_table(
        "erased",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("mark", sa.String(64), primary_key=True),
        sa.Column("salt", sa.String(32), nullable=False),
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("business", sa.String(120), nullable=False, index=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
    )
