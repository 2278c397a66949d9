"""Orders placed in a chat, what they hold of the stock, and the areas of delivery."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make them."""
    op.add_column("products", sa.Column("held", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "reservations",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("order_key", sa.String(120), primary_key=True),
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_table(
        "placed_orders",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("order_number", sa.String(120), nullable=False),
        sa.Column("session_id", sa.String(200), nullable=False, index=True),
        sa.Column("customer_id", sa.String(200), index=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("placed_on", sa.Date, nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("total_paise", sa.BigInteger, nullable=False),
        sa.Column("delivery_paise", sa.BigInteger),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "order_counters",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("series", sa.String(120), primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "delivery_areas",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("area", sa.String(120), nullable=False),
        sa.Column("pins", sa.JSON, nullable=False),
        sa.Column("charge_paise", sa.BigInteger, nullable=False),
        sa.Column("included_kg", sa.Integer),
        sa.Column("extra_paise", sa.BigInteger),
        sa.Column("free_from_paise", sa.BigInteger),
        sa.Column("days_min", sa.Integer, nullable=False),
        sa.Column("days_max", sa.Integer, nullable=False),
        sa.Column("cod_paise", sa.BigInteger),
        sa.Column("not_sent", sa.JSON, nullable=False),
        sa.Column("extra", sa.JSON, nullable=False),
    )
