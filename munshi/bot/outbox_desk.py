"""What the owner does with the outbox: look at what was not sent and why, have it tried again, or drop it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from munshi.bot.arrivals import last_written
from munshi.bot.business import load_business
from munshi.bot.database import open_engine
from munshi.bot.outbox_held import latest_template
from munshi.bot.outbox_rows import Status
from munshi.bot.settings import Settings
from munshi.bot.store import Store
from munshi.bot.tables import outbox, turns
from munshi.bot.turns import hurry
from munshi.handlers.base import HandlerError
from munshi.handlers.sealing import sealer

UNSENT: tuple[Status, ...] = ("waiting", "held", "dead")

_LIMIT = 200


class OutboxError(HandlerError):
    """There is no such part, or nothing is to be done with it."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """The template that asks the customer to write: its part of the outbox, and what has become of it since."""

    id: int
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    """A part of the outbox. `address` and `part` are what the provider is given, shown where one is looked at.

    `template` is there for a part that is held since the customer may not be written to, where a template was queued.
    """

    id: int
    session_id: str
    channel: str
    role: str
    status: str
    tries: int
    code: str | None
    detail: str | None
    created_at: datetime
    changed_at: datetime | None
    next_try_at: datetime | None
    address: str = ""
    part: str = ""
    template: Invitation | None = None


class OutboxDesk:
    """The outbox of one business, as its owner sees it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def parcels(self, statuses: Sequence[str] = UNSENT) -> list[Parcel]:
        """The latest parts in these states, oldest first."""
        query = _parts(self._store.business).where(outbox.c.status.in_(statuses))
        with self._store.reading() as db:
            rows = db.execute(query.order_by(outbox.c.id.desc()).limit(_LIMIT)).all()
            return [replace(_parcel(row), template=self._template(db, row)) for row in reversed(rows)]

    def show(self, id: int) -> Parcel:
        """One part, with what it says and to whom. Raises OutboxError where there is none."""
        with self._store.reading() as db:
            row = self._row(db, id)
            sealing = sealer(db, self._store.business, row.session_id)
            part = json.dumps(sealing.open_json(row.part), ensure_ascii=False)
            return replace(_parcel(row, sealing.open(row.address), part), template=self._template(db, row))

    def retry(self, id: int) -> Parcel:
        """Have it tried now, whatever became of it so far. Raises OutboxError where it was sent already."""
        return self._put(id, "waiting")

    def drop(self, id: int) -> Parcel:
        """See to it that it is never sent. Raises OutboxError where it was sent already."""
        return self._put(id, "dropped")

    def _put(self, id: int, status: Status) -> Parcel:
        unsent = (outbox.c.id == id, outbox.c.status.in_((*UNSENT, "dropped")))
        with self._store.transaction() as db:
            row = self._row(db, id)
            now = datetime.now(UTC)
            anew = {"code": None, "detail": None, "released_at": now} if status == "waiting" else {}
            changed = update(outbox).where(*unsent).values(status=status, changed_at=now, **anew)
            if db.execute(changed).rowcount == 0:
                raise OutboxError(f"Part {id} is {row.status} already: nothing can be done about it any more.")
            hurry(db, self._store.business, "out", row.session_id)
            return _parcel(self._row(db, id))

    def _template(self, db: Connection, row: Row[Any]) -> Invitation | None:
        """What asks the customer to write, where a part is held and they have not written since."""
        if row.status != "held":
            return None
        found = latest_template(db, self._store.business, row.session_id)
        last = last_written(db, self._store.business, row.session_id)
        if found is None or (last is not None and last.received_at > found.created_at):
            return None
        return Invitation(found.id, found.status, found.changed_at or found.created_at)

    def _row(self, db: Connection, id: int) -> Row[Any]:
        row = db.execute(_parts(self._store.business).where(outbox.c.id == id)).one_or_none()
        if row is None:
            raise OutboxError(f"There is no part {id}. `munshi outbox` lists those that were not sent.")
        return row


@contextmanager
def open_outbox_desk(settings: Settings) -> Iterator[OutboxDesk]:
    """The outbox of the business in `settings`, without the parts that only answering needs."""
    business = load_business(settings.business)
    engine = open_engine(settings.database_url, home=settings.business_home(business.key))
    try:
        yield OutboxDesk(Store(engine, business.key))
    finally:
        engine.dispose()


def _parts(business: str) -> Select[Any]:
    lane = (turns.c.business == outbox.c.business) & (turns.c.session_id == outbox.c.session_id)
    return (
        select(outbox, turns.c.due_at)
        .outerjoin(turns, lane & (turns.c.lane == "out"))
        .where(outbox.c.business == business, outbox.c.part.is_not(None))
    )


def _parcel(row: Row[Any], address: str = "", part: str = "") -> Parcel:
    return Parcel(
        id=row.id,
        session_id=row.session_id,
        channel=row.channel,
        role=row.role,
        status=row.status,
        tries=row.tries,
        code=row.code,
        detail=row.detail,
        created_at=row.created_at,
        changed_at=row.changed_at,
        next_try_at=row.due_at if row.status == "waiting" else None,
        address=address,
        part=part,
    )
