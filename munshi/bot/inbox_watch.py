"""What a person who waits at the inbox sees as it comes: new tickets, and what customers write who talk to a person."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.bell import Bell, chat_bell
from munshi.bot.store import Store
from munshi.bot.tables import transcript
from munshi.bot.transcript_rows import Line
from munshi.handlers.news import TICKETS
from munshi.handlers.tickets import Ticket, list_tickets, show_ticket

LOOK_SECONDS = 1.0
"""How often is looked for what nobody rang for: without Redis other processes are not heard."""

_OVERLAP = 50  # with PostgreSQL a ticket may be committed after one with a later number

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """One thing that is new: a ticket, a customer's message in its chat, or that it was closed."""

    event: Literal["ticket", "message", "closed"]
    ticket: Ticket
    line: Line | None = None


class InboxWatch:
    """Looks at the tickets of one business, or at one of them, again and again."""

    def __init__(self, store: Store, bell: Bell, reference: str | None = None) -> None:
        """`reference` is the one ticket to look at. Raises TicketError where there is none."""
        self._store = store
        self._bell = bell
        self._only = reference
        there = self._look_up()
        self._tickets = {ticket.id: ticket for ticket in there}
        self._newest = max(self._tickets, default=0)
        last = self._last_lines(there)
        if reference is not None:
            last = {chat: self._answered(chat) for chat in last}
        self._read = last

    def news(self) -> Iterator[News]:
        """What is new, as it comes; ends where the one ticket is closed. A database that is away is waited for."""
        name = TICKETS if self._only is None else chat_bell(next(iter(self._tickets.values())).session_id)
        while True:
            heard = self._bell.heard(name)
            try:
                found = self.look()
            except SQLAlchemyError as error:
                logger.warning("The database cannot be used (%s); tried again soon", type(error).__name__)
                found = []
            yield from found
            if any(new.event == "closed" for new in found) and self._only is not None:
                return
            self._bell.wait(name, heard, LOOK_SECONDS)

    def look(self) -> list[News]:
        """What is new since the last look. Raises SQLAlchemyError without a database."""
        tickets = self._look_up()
        last = self._last_lines(tickets)
        found: list[News] = []
        for ticket in tickets:
            if ticket.id not in self._tickets and ticket.id > self._newest - _OVERLAP:
                found.append(News("ticket", ticket))
            if self._only is not None or ticket.status == "claimed":
                found += self._messages(ticket, last.get(ticket.session_id, 0))
            if ticket.status == "closed" and (self._only is not None or self._was_open(ticket)):
                found.append(News("closed", ticket))
        self._tickets |= {ticket.id: ticket for ticket in tickets}
        self._read |= last
        return found

    def _was_open(self, ticket: Ticket) -> bool:
        before = self._tickets.get(ticket.id)
        return before is not None and before.status != "closed"

    def _look_up(self) -> list[Ticket]:
        with self._store.reading() as db:
            if self._only is not None:
                return [show_ticket(db, self._store.business, self._only)]
            latest = list_tickets(db, self._store.business)
            claimed = list_tickets(db, self._store.business, status="claimed")
        return sorted({ticket.id: ticket for ticket in (*claimed, *latest)}.values(), key=lambda ticket: ticket.id)

    def _last_lines(self, tickets: Sequence[Ticket]) -> dict[str, int]:
        ours = transcript.c.business == self._store.business
        chats = {ticket.session_id for ticket in tickets}
        query = (
            select(transcript.c.session_id, func.max(transcript.c.id))
            .where(ours, transcript.c.session_id.in_(chats))
            .group_by(transcript.c.session_id)
        )
        with self._store.reading() as db:
            return {str(chat): int(last) for chat, last in db.execute(query).all()}

    def _messages(self, ticket: Ticket, last: int) -> list[News]:
        """What the customer has written since the last look, up to the line `last`."""
        read = self._read.get(ticket.session_id, 0)
        if last <= read:
            return []
        self._read[ticket.session_id] = last  # a second ticket of the chat tells nothing again
        lines = self._store.transcript(ticket.session_id)
        return [News("message", ticket, line) for line in lines if line.role == "customer" and read < line.id <= last]

    def _answered(self, chat: str) -> int:
        """The last line of a chat that the customer did not write: what comes after it waits for an answer."""
        return max((line.id for line in self._store.transcript(chat) if line.role != "customer"), default=0)
