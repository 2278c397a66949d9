"""Chats, the shop's records, tickets: the tables as they were before there were steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _business(*, key: bool = False, index: bool = False) -> sa.Column[str]:
    return sa.Column("business", sa.String(120), primary_key=key, nullable=False, index=index)


def upgrade() -> None:
    """Make them."""
    _make_chats()
    _make_records()
    _make_tickets()


def _make_chats() -> None:
    op.create_table(
        "inbox",
        _business(key=True),
        sa.Column("message_id", sa.String(200), primary_key=True),
        sa.Column("session_id", sa.String(200), nullable=False, index=True),
        sa.Column("user_id", sa.String(200), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("attachments", sa.JSON, nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), index=True),
        sa.Column("response", sa.JSON),
    )
    op.create_table(
        "sessions",
        _business(key=True),
        sa.Column("session_id", sa.String(200), primary_key=True),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("customer_id", sa.String(200)),
        sa.Column("held_by", sa.String(120)),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "transcript",
        sa.Column("id", sa.Integer, primary_key=True),
        _business(index=True),
        sa.Column("session_id", sa.String(200), nullable=False, index=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reply", sa.JSON),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        _business(index=True),
        sa.Column("session_id", sa.String(200), nullable=False, index=True),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("line_id", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
    )


def _make_records() -> None:
    op.create_table(
        "products",
        _business(key=True),
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("sku", sa.String(120), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("brand", sa.Text, nullable=False),
        sa.Column("price_paise", sa.BigInteger, nullable=False),
        sa.Column("stock", sa.Integer, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("fits", sa.JSON, nullable=False),
        sa.Column("aliases", sa.JSON, nullable=False),
        sa.Column("warranty_months", sa.Integer),
        sa.Column("gst_rate", sa.String(10)),
        sa.Column("extra", sa.JSON, nullable=False),
    )
    op.create_table(
        "orders",
        _business(key=True),
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("order_number", sa.String(120), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("placed_on", sa.Date, nullable=False),
        sa.Column("expected_on", sa.Date),
        sa.Column("items", sa.JSON, nullable=False),
        sa.Column("total_paise", sa.BigInteger),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("courier", sa.Text, nullable=False),
        sa.Column("tracking", sa.Text, nullable=False),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("extra", sa.JSON, nullable=False),
    )
    op.create_table(
        "record_files",
        _business(key=True),
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
    )


def _make_tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("reference", sa.String(20), unique=True),
        _business(index=True),
        sa.Column("session_id", sa.String(200), nullable=False, index=True),
        sa.Column("customer_id", sa.String(200)),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("form", sa.JSON, nullable=False),
        sa.Column("status", sa.String(20), nullable=False, index=True),
        sa.Column("claimed_by", sa.String(120)),
        sa.Column("handover_of", sa.String(400), unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
