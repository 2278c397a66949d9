"""All that is kept of one customer, readable, to be handed over to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table

from munshi.bot.all_tables import metadata
from munshi.bot.audit import Audit
from munshi.handlers.personal import Row, Subject, holding_of
from munshi.handlers.sealing import Sealer, sealers


def sections(db: Connection, business: str, subject: Subject) -> dict[str, tuple[Row, ...]]:
    """The rows about a customer in every table, by what they are; the audit's records of their turns among them."""
    opened = sealers(db, business, subject.chats)
    found: dict[str, tuple[Row, ...]] = {}
    for table in metadata.sorted_tables:
        rows = tuple(_rows(db, table, business, subject, opened))
        holding = holding_of(table)
        if holding is not None and rows:
            found[holding.title] = found.get(holding.title, ()) + rows
    records = tuple(_records(db, business, opened))
    return {**found, "audit": records} if records else found


def _rows(db: Connection, table: Table, business: str, subject: Subject, opened: Mapping[str, Sealer]) -> Iterator[Row]:
    holding = holding_of(table)
    if holding is not None:
        yield from holding.kept(db, table, business, subject, lambda chat: opened.get(chat, Sealer(None)))


def _records(db: Connection, business: str, opened: Mapping[str, Sealer]) -> Iterator[Row]:
    """The audit's records of turns in these chats: found by the chats' keys, and by nobody without them."""
    chats = {sealing.commit(chat): chat for chat, sealing in opened.items() if sealing.key is not None}
    if not chats:
        return
    for record in Audit(business).records(db):
        body: dict[str, Any] = json.loads(record.body)
        chat = body.get("data", {}).get("chat")
        if chat in chats:
            yield {"seq": record.seq, **body}
