"""What a person of the business does with the tickets: look, take a chat over, write in it, give it back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection

from munshi.bot.bell import Bell, LocalBell
from munshi.bot.business import load_business
from munshi.bot.channels import open_channels
from munshi.bot.database import open_engine
from munshi.bot.inbox_watch import InboxWatch, News
from munshi.bot.outbox import Outbox
from munshi.bot.outbox_rows import Queued, unsent_lines
from munshi.bot.settings import Settings
from munshi.bot.shared import open_shared
from munshi.bot.state import SessionState, from_json
from munshi.bot.store import Store
from munshi.bot.transcript_rows import Line
from munshi.bot.turns import in_hand
from munshi.bot.wording import Phrasebook
from munshi.handlers.attachments import Attachment, files_of
from munshi.handlers.base import Language, Reply
from munshi.handlers.tickets import Ticket, TicketError, claim_ticket, close_ticket, list_tickets, show_ticket

_SENDING_SECONDS = 5.0


def _reference(given: str) -> str:
    """A ticket's reference, for whoever writes only its number."""
    digits = given.strip().upper().removeprefix("T")
    return f"T{int(digits):05d}" if digits.isdecimal() and len(digits) <= 9 else given


class Inbox:
    """The tickets of one business and the chats they are about."""

    def __init__(self, store: Store, outbox: Outbox | None = None, bell: Bell | None = None) -> None:
        """Without an outbox every chat is read by a window; without a bell a watch only looks now and then."""
        self._store = store
        self._bell = bell or LocalBell()
        self._outbox = outbox or Outbox(store, {})

    def tickets(self, *, closed: bool = False) -> list[Ticket]:
        """The tickets that wait, oldest first; with `closed` all of them."""
        with self._store.reading() as db:
            found = list_tickets(db, self._store.business)
        return [ticket for ticket in reversed(found) if closed or ticket.status != "closed"]

    def show(self, reference: str) -> tuple[Ticket, list[Line]]:
        """A ticket and the chat it came from. Raises TicketError where there is none."""
        with self._store.reading() as db:
            ticket = show_ticket(db, self._store.business, _reference(reference))
        return ticket, self._store.transcript(ticket.session_id)

    def files(self, reference: str) -> list[Attachment]:
        """The files that the customer sent in the chat of a ticket. Raises TicketError where there is none."""
        with self._store.reading() as db:
            ticket = show_ticket(db, self._store.business, _reference(reference))
            return list(files_of(db, self._store.business, ticket.session_id))

    def claim(self, reference: str, person: str) -> Ticket:
        """Give the chat to `person`: once this returns the bot is silent in it, whatever it had under way.

        Raises TicketError where another has it.
        """
        with self._store.transaction() as db:
            ticket = claim_ticket(db, self._store.business, _reference(reference), person)
            self._store.hold(db, ticket.session_id, person)
        self._let_sending_end(ticket.session_id)
        return ticket

    def unsent(self, ticket: Ticket) -> Mapping[int, str]:
        """The lines of a ticket's chat that the customer has not been sent, by id, and why."""
        with self._store.reading() as db:
            rows = unsent_lines(db, self._store.business, ticket.session_id)
        return {row.line_id: row.detail or row.status for row in rows}

    def reply(self, reference: str, person: str, text: str) -> Ticket:
        """Write to the customer as `person`, who has the chat from here on.

        Raises TicketError where another has it, or where there is nothing to send.
        """
        if not text.strip():
            raise TicketError("There is nothing to send: the text is empty.")
        ticket = self.claim(reference, person)
        with self._store.transaction() as db:
            line = self._store.say(db, ticket.session_id, "person", text.strip())
            queued = Queued(ticket.session_id, ticket.channel, line, "person")
            self._outbox.post(db, queued, Reply(text.strip()), self._language(db, ticket))
        return ticket

    def release(self, reference: str) -> Ticket:
        """Give the chat back to the bot and close the ticket. Raises TicketError where there is none."""
        with self._store.transaction() as db:
            ticket = close_ticket(db, self._store.business, _reference(reference))
            self._store.hold(db, ticket.session_id, None)
        return ticket

    def watch(self, reference: str | None = None) -> Iterator[News]:
        """What comes in from here on: of all tickets without end, of one until it is closed.

        With one ticket it begins with what the customer has written since the last answer. Raises TicketError where
        there is none.
        """
        return InboxWatch(self._store, self._bell, None if reference is None else _reference(reference)).news()

    def _let_sending_end(self, session_id: str) -> None:
        """What the bot was handing over at the moment the chat was taken cannot be called back: wait for that."""
        ends = time.monotonic() + _SENDING_SECONDS
        while time.monotonic() < ends:
            with self._store.reading() as db:
                if not in_hand(db, self._store.business, "out", session_id):
                    return
            time.sleep(0.05)

    def _language(self, db: Connection, ticket: Ticket) -> Language:
        session = self._store.session(db, ticket.session_id, channel=ticket.channel)
        return from_json(SessionState, session.state).language or "en"


@contextmanager
def open_inbox(settings: Settings) -> Iterator[Inbox]:
    """The inbox of the business in `settings`, without the parts that only answering needs."""
    business = load_business(settings.business)
    engine = open_engine(settings.database_url, home=settings.business_home(business.key))
    try:
        phrases, email = Phrasebook(business.phrases), business.profile.email
        with open_shared(settings, business.key) as shared:
            store = Store(engine, business.key, ring=shared.bell.ring)
            channels = open_channels(settings, store, phrases, email=email, template=business.template)
            yield Inbox(store, Outbox(store, channels), shared.bell)
    finally:
        engine.dispose()
