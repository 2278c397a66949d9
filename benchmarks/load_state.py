"""What the database says of the load: waited for, and looked over once all is done."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, select

from benchmarks.load_meta import Meta, Said
from benchmarks.load_stream import BUSINESS
from munshi.bot.database import open_engine
from munshi.bot.store import Store
from munshi.bot.tables import inbox, outbox

PATIENCE = 180.0
"""Seconds without any progress after which what is waited for counts as lost."""


@contextmanager
def opened(database: str, folder: Path) -> Iterator[Store]:
    """The store that the shop in `folder` works on."""
    engine = open_engine(database or f"sqlite:///{folder / 'load.sqlite3'}", home=folder)
    try:
        yield Store(engine, BUSINESS)
    finally:
        engine.dispose()


def until_answered(store: Store, given: Sequence[Said], *, patience: float = PATIENCE) -> Set[str]:
    """Wait until all are answered; the ids of those that were not where `patience` ran out."""
    run = given[0].id.rpartition(".")[0]
    query = select(inbox.c.message_id).where(
        inbox.c.business == BUSINESS, inbox.c.message_id.like(f"{run}.%"), inbox.c.done_at.is_not(None)
    )
    sent = {one.id for one in given}
    return _until_empty(store, lambda db: sent.difference(db.execute(query).scalars()), patience)


def until_sent(store: Store, *, patience: float = PATIENCE) -> Set[str]:
    """Wait until no part waits to be sent; the names of those that do where `patience` ran out."""
    query = select(outbox.c.ref).where(outbox.c.status == "waiting")
    return _until_empty(store, lambda db: set(db.execute(query).scalars()), patience)


def _until_empty(store: Store, left: Callable[[Connection], Set[str]], patience: float) -> Set[str]:
    fewest, ends = -1, time.monotonic() + patience
    while True:
        with store.reading() as db:
            missing = left(db)
        if len(missing) != fewest:
            fewest, ends = len(missing), time.monotonic() + patience
        if not missing or time.monotonic() > ends:
            return missing
        time.sleep(0.5)


def look_over(store: Store, given: Sequence[Said], meta: Meta) -> Iterator[str]:
    """Whether each message stands in its chat once, in order, with one reply, whose parts went out in order."""
    said: dict[str, list[Said]] = defaultdict(list)
    for one in given:
        said[one.phone].append(one)
    with store.reading() as db:
        chat_of = {row.message_id: row.session_id for row in db.execute(select(inbox.c.message_id, inbox.c.session_id))}
        parts = db.execute(select(outbox.c.session_id, outbox.c.ref).order_by(outbox.c.id)).all()
    refs: dict[str, list[str]] = defaultdict(list)
    for session_id, ref in parts:
        refs[session_id].append(ref)
    went: dict[str, list[str]] = defaultdict(list)
    for to, ref in dict.fromkeys(meta.taken):  # the first time that each was handed over
        went[to].append(ref)
    for phone, messages in said.items():
        chat = next((chat_of[one.id] for one in messages if one.id in chat_of), None)
        if chat is None:
            yield f"{phone}: none of {len(messages)} messages was kept"
            continue
        lines = store.transcript(chat, limit=1_000_000)
        wrote = [line.text for line in lines if line.role == "customer"]
        expected = [one.text for one in sorted(messages, key=lambda one: one.at)]
        if sorted(wrote) != sorted(expected):
            yield f"{phone}: {len(wrote)} messages stand in the chat, {len(expected)} were sent"
        elif wrote != expected:
            yield f"{phone}: the messages were answered in another order"
        if [line.role for line in lines] != ["customer", "bot"] * len(expected):
            yield f"{phone}: not one reply to each message"
        if went[phone] != refs[chat]:
            yield f"{phone}: the parts of the replies went out in another order, or not all of them"
