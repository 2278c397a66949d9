"""One-time codes, and how many were sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "codes",
        sa.Column("code_id", sa.String(32), primary_key=True),
        sa.Column("business", sa.String(120), nullable=False),
        sa.Column("customer_id", sa.String(120), nullable=False, index=True),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "code_counts",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("customer_id", sa.String(120), primary_key=True),
        sa.Column("purpose", sa.String(40), primary_key=True),
        sa.Column("sent", sa.Integer, nullable=False),
    )
