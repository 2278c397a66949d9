"""The tables this room keeps: the shop's records, which file they came from, tickets, and the keys of sealed content.

A change here needs a migration beside it (`bot/migrations`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import postgresql, sqlite

from munshi.handlers.personal import ALIAS, ERASED, NOT_PERSONAL, Rows, of_customers

metadata = MetaData()

DIALECTS: Mapping[str, Any] = {"postgresql": postgresql, "sqlite": sqlite}
"""What writes an insert that may meet a row that is there, by the name of the database's dialect."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC: SQLite would otherwise hand back a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Aware in any zone to UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """What the database gives to aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


products = Table(
    "products",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("key", String(120), primary_key=True),  # the SKU as `code_key` spells it
    Column("sku", String(120), nullable=False),
    Column("name", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("price_paise", BigInteger, nullable=False),
    Column("stock", Integer, nullable=False),  # what the shop's file says
    Column("held", Integer, nullable=False, server_default="0"),  # what open orders of the chat hold of it
    Column("unit", Text, nullable=False),
    Column("fits", JSON, nullable=False),
    Column("aliases", JSON, nullable=False),
    Column("warranty_months", Integer),
    Column("gst_rate", String(10)),  # percent, as written
    Column("extra", JSON, nullable=False),
    info=NOT_PERSONAL,
)

orders = Table(
    "orders",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("key", String(120), primary_key=True),  # the order number as `code_key` spells it
    Column("order_number", String(120), nullable=False),
    Column("status", String(40), nullable=False),
    Column("placed_on", Date, nullable=False),
    Column("expected_on", Date),
    Column("items", JSON, nullable=False),
    Column("total_paise", BigInteger),
    Column("phone", String(40), nullable=False),
    Column("courier", Text, nullable=False),
    Column("tracking", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("extra", JSON, nullable=False),
    info=of_customers(Rows("orders", phone="phone")),
)

branches = Table(
    "branches",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("key", String(120), primary_key=True),  # the code as `code_key` spells it
    Column("code", String(120), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("address", Text, nullable=False),
    Column("areas", JSON, nullable=False),
    Column("pin_code", String(6), nullable=False),
    Column("ifsc", String(11), nullable=False),
    Column("micr", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("hours", String(11), nullable=False),
    Column("services", JSON, nullable=False),
    Column("aliases", JSON, nullable=False),
    Column("latitude", String(13), nullable=False),
    Column("longitude", String(13), nullable=False),
    Column("extra", JSON, nullable=False),
    info=NOT_PERSONAL,
)

delivery_areas = Table(
    "delivery_areas",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("key", String(120), primary_key=True),  # the area's name as `code_key` spells it
    Column("area", String(120), nullable=False),
    Column("pins", JSON, nullable=False),  # [first, last] of each range
    Column("charge_paise", BigInteger, nullable=False),
    Column("included_kg", Integer),
    Column("extra_paise", BigInteger),  # for each further kg
    Column("free_from_paise", BigInteger),
    Column("days_min", Integer, nullable=False),
    Column("days_max", Integer, nullable=False),
    Column("cod_paise", BigInteger),
    Column("not_sent", JSON, nullable=False),
    Column("extra", JSON, nullable=False),
    info=NOT_PERSONAL,
)

loans = Table(
    "loans",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("key", String(120), primary_key=True),  # the code as `code_key` spells it
    Column("code", String(120), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_hi", Text, nullable=False),
    Column("aliases", JSON, nullable=False),
    Column("rate_from", String(10), nullable=False),  # percent, as written
    Column("rate_to", String(10), nullable=False),
    Column("max_paise", BigInteger, nullable=False),
    Column("max_months", Integer, nullable=False),
    Column("max_share", String(10), nullable=False),
    Column("max_obligations", String(10), nullable=False),
    Column("min_income_paise", BigInteger, nullable=False),
    Column("fee_percent", String(10), nullable=False),
    Column("fee_least_paise", BigInteger, nullable=False),
    Column("fee_most_paise", BigInteger),
    Column("extra", JSON, nullable=False),
    info=NOT_PERSONAL,
)

record_files = Table(
    "record_files",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("name", String(60), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    info=NOT_PERSONAL,
)

tickets = Table(
    "tickets",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("reference", String(20), unique=True),
    Column("business", String(120), nullable=False, index=True),
    Column("session_id", String(200), nullable=False, index=True),
    Column("customer_id", String(200)),
    Column("channel", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("reason", Text, nullable=False),  # sealed
    Column("summary", Text, nullable=False),  # sealed
    Column("form", Text, nullable=False),  # sealed JSON
    Column("status", String(20), nullable=False, index=True),
    Column("claimed_by", String(120)),
    # Business and chat while a handover is not closed, else null: the database itself keeps a second one out.
    Column("handover_of", String(400), unique=True),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
    info=of_customers(
        Rows(
            "tickets and forms",
            chat="session_id",
            customer="customer_id",
            sealed=("reason", "summary"),
            sealed_json=("form",),
            secret=("handover_of",),
            # The rows stay: a reference that a customer was told must never come to mean another's ticket.
            blank={
                "session_id": ALIAS,
                "customer_id": None,
                "reason": ERASED,
                "summary": "",
                "form": "{}",
                "status": "closed",
                "handover_of": None,
            },
        )
    ),
)

content_keys = Table(
    "content_keys",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("session_id", String(200), primary_key=True),
    Column("key", LargeBinary(32), nullable=False),
    info=of_customers(Rows("keys", chat="session_id", secret=("key",))),
)
