"""The people behind a channel's addresses: whose chat a message belongs to, also after their number has changed.

A person is known by the provider's id of them, and by their phone where there is no such id. A chat's own id says
nothing of either.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, Connection, Row, String, Table, Text, UniqueConstraint, bindparam, insert, select, update

from munshi.bot.incoming import Sender
from munshi.handlers.customers import unbind
from munshi.handlers.personal import Rows, of_customers
from munshi.handlers.sealing import new_sealer, sealer
from munshi.handlers.tables import UtcDateTime, metadata

channel_users = Table(
    "channel_users",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("session_id", String(200), primary_key=True),
    Column("channel", String(40), nullable=False),
    Column("user_id", String(200)),
    Column("phone", String(40)),
    Column("identity", String(100), nullable=False),
    Column("profile", Text, nullable=False),  # sealed JSON: name and user name
    Column("updated_at", UtcDateTime(), nullable=False),
    UniqueConstraint("business", "channel", "user_id"),
    UniqueConstraint("business", "channel", "phone"),
    info=of_customers(Rows("people on channels", chat="session_id", phone="phone", sealed_json=("profile",))),
)

_OURS = (channel_users.c.business == bindparam("whose"), channel_users.c.channel == bindparam("via"))
_WHO = {
    column.name: select(channel_users).where(*_OURS, column == bindparam("address"))
    for column in (channel_users.c.user_id, channel_users.c.phone)
}


class ChannelUsers:
    """The people who write to one business over one channel."""

    def __init__(self, business: str, channel: str) -> None:
        self._business = business
        self._channel = channel

    def chat_of(self, db: Connection, sender: Sender) -> str:
        """The chat of a sender, a new one for a stranger; what is told of them is kept beside it.

        Where the key of their account has changed, the chat is no longer bound to a customer: another may hold the
        phone now. Raises IntegrityError where somebody else names the same person at this moment.
        """
        row = self._row_of(db, sender)
        if row is None:
            return self._meet(db, sender)
        self._take_up(db, row, sender)
        return str(row.session_id)

    def chat_as_known(self, db: Connection, sender: Sender) -> str | None:
        """The chat of a sender of whom nothing new is told, without writing anything; None for any other."""
        row = self._row_of(db, sender)
        if row is None:
            return None
        before, after = self._before_and_after(db, row, sender)
        return str(row.session_id) if before == after else None

    def move(self, db: Connection, old: Sender, new: Sender) -> str:
        """The chat of a sender whose number or id has changed: it goes on under the new one, bound to nobody.

        Nothing changes where nobody is known under the old one: they have moved already, or never wrote.
        """
        row = self._row_of(db, old)
        if row is None:
            return self.chat_of(db, new)
        self._let_go(db, user_id=new.user_id, phone=new.phone, but=row.session_id)
        told = {name: value for name in ("user_id", "phone") if (value := getattr(new, name))}
        db.execute(self._row(row.session_id).values(**told, updated_at=datetime.now(UTC)))
        self.forget_login(db, row.session_id)
        return str(row.session_id)

    def forget_login(self, db: Connection, session_id: str) -> None:
        """Bind a chat to nobody: whoever writes next shows who they are before anything that is a customer's own."""
        unbind(db, self._business, session_id)

    def known(self, db: Connection, address: str) -> Sender | None:
        """Who has this address, a `Sender.address`; None where nobody has it any more."""
        row = self._find(db, "user_id", address) or self._find(db, "phone", address)
        if row is None:
            return None
        profile = sealer(db, self._business, row.session_id).open_json(row.profile) or {}
        return Sender(row.user_id or "", row.phone or "", identity=row.identity, **profile)

    def _row_of(self, db: Connection, sender: Sender) -> Row[Any] | None:
        """The sender's row: by id, else by a phone that no other id stands beside. A phone can be given to another."""
        row = self._find(db, "user_id", sender.user_id) if sender.user_id else None
        if row is None and sender.phone:
            row = self._find(db, "phone", sender.phone)
            if row is not None and sender.user_id and row.user_id not in (None, sender.user_id):
                return None
        return row

    def _meet(self, db: Connection, sender: Sender) -> str:
        session_id = f"{self._channel}-{uuid4().hex}"
        self._let_go(db, user_id="", phone=sender.phone, but=session_id)
        db.execute(
            insert(channel_users).values(
                business=self._business,
                session_id=session_id,
                channel=self._channel,
                user_id=sender.user_id or None,
                phone=sender.phone or None,
                identity=sender.identity,
                profile=new_sealer(db, self._business, session_id).seal_json(_profile(sender)),
                updated_at=datetime.now(UTC),
            )
        )
        return session_id

    def _take_up(self, db: Connection, row: Row[Any], sender: Sender) -> None:
        """Keep what is new about a sender; what was not told this time stays as it was."""
        before, after = self._before_and_after(db, row, sender)
        if after == before:
            return
        if before.identity and after.identity != before.identity:
            self.forget_login(db, row.session_id)
        if after.phone != before.phone:
            self._let_go(db, user_id="", phone=after.phone, but=row.session_id)
        db.execute(
            self._row(row.session_id).values(
                user_id=after.user_id or None,
                phone=after.phone or None,
                identity=after.identity,
                profile=new_sealer(db, self._business, row.session_id).seal_json(_profile(after)),
                updated_at=datetime.now(UTC),
            )
        )

    def _before_and_after(self, db: Connection, row: Row[Any], sender: Sender) -> tuple[Sender, Sender]:
        """What is known of a sender, and what it is with what they tell now."""
        profile = sealer(db, self._business, row.session_id).open_json(row.profile) or {}
        before = Sender(row.user_id or "", row.phone or "", identity=row.identity, **profile)
        told = {name: value for name in Sender.__dataclass_fields__ if (value := getattr(sender, name))}
        return before, replace(before, **told)

    def _let_go(self, db: Connection, *, user_id: str, phone: str, but: str) -> None:
        """Take an address from whoever had it before: it belongs to one person at a time."""
        for column, value in ((channel_users.c.user_id, user_id), (channel_users.c.phone, phone)):
            if value:
                db.execute(
                    update(channel_users)
                    .where(*self._ours(), column == value, channel_users.c.session_id != but)
                    .values({column.name: None})
                )

    def _find(self, db: Connection, column: str, address: str) -> Row[Any] | None:
        given = {"whose": self._business, "via": self._channel, "address": address}
        return db.execute(_WHO[column], given).one_or_none()

    def _row(self, session_id: str) -> Any:
        return update(channel_users).where(
            channel_users.c.business == self._business, channel_users.c.session_id == session_id
        )

    def _ours(self) -> tuple[Any, ...]:
        return (channel_users.c.business == self._business, channel_users.c.channel == self._channel)


def _profile(sender: Sender) -> dict[str, str]:
    return {"name": sender.name, "username": sender.username}
