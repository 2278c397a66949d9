"""The tables of a chat: what came in, whose turn it is, what is remembered, what was said, what is still to be sent,
the audit, and the tokens of a language model.

Columns that hold a customer's words are sealed (see `handlers.sealing`). A change here needs a migration beside it.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from munshi.handlers.personal import NOT_PERSONAL, Rows, of_customers
from munshi.handlers.tables import UtcDateTime, metadata

inbox = Table(
    "inbox",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("message_id", String(200), primary_key=True),
    Column("session_id", String(200), nullable=False, index=True),
    Column("user_id", String(200), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("text", Text, nullable=False),  # sealed
    Column("attachments", Text, nullable=False),  # sealed JSON
    Column("details", Text),  # sealed JSON: what a message is beside its text; none for a plain one
    Column("timestamp", UtcDateTime(), nullable=False),
    Column("received_at", UtcDateTime(), nullable=False),
    Column("done_at", UtcDateTime(), index=True),
    Column("response", Text),  # sealed JSON
    Column("trace", String(32), nullable=False),
    Column("queued", Boolean, nullable=False),  # answered by a worker, not by the request that it came in
    info=of_customers(
        Rows("messages", chat="session_id", sealed=("text",), sealed_json=("attachments", "details", "response"))
    ),
)
Index(
    "ix_inbox_waiting",
    inbox.c.business,
    inbox.c.session_id,
    inbox.c.timestamp,
    sqlite_where=inbox.c.done_at.is_(None),
    postgresql_where=inbox.c.done_at.is_(None),
)

turns = Table(
    "turns",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("lane", String(8), primary_key=True),
    Column("session_id", String(200), primary_key=True),
    Column("due_at", UtcDateTime()),  # while a worker has the chat, the end of its lease; null: there is nothing to do
    Column("token", String(32)),  # of the worker that has it
    Column("tries", Integer, nullable=False),
    Index("ix_turns_due", "business", "lane", "due_at"),
    info=of_customers(Rows("whose turn it is", chat="session_id", secret=("token",))),
)

sessions = Table(
    "sessions",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("session_id", String(200), primary_key=True),
    Column("channel", String(40), nullable=False),
    Column("customer_id", String(200)),
    Column("held_by", String(120)),
    Column("state", Text, nullable=False),  # sealed JSON
    Column(
        "version", Integer, nullable=False
    ),  # one more with every turn and new hand: nobody goes on from an old state
    Column("updated_at", UtcDateTime(), nullable=False),
    info=of_customers(Rows("chats", chat="session_id", sealed_json=("state",))),
)

transcript = Table(
    "transcript",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("business", String(120), nullable=False, index=True),
    Column("session_id", String(200), nullable=False, index=True),
    Column("role", String(20), nullable=False),
    Column("text", Text, nullable=False),  # sealed
    Column("reply", Text),  # sealed JSON
    Column("at", UtcDateTime(), nullable=False),
    info=of_customers(Rows("what was said", chat="session_id", sealed=("text",), sealed_json=("reply",))),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("business", String(120), nullable=False, index=True),
    Column("session_id", String(200), nullable=False, index=True),
    Column("channel", String(40), nullable=False),
    Column("line_id", Integer),  # null: an interim word, which is in no transcript
    Column("created_at", UtcDateTime(), nullable=False),
    Column("sent_at", UtcDateTime()),
    Column("role", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    # The rest is of what a sender sends; lines that a window asks for have none of it.
    Column("ref", String(32), unique=True),
    Column("address", Text),  # sealed
    Column("part", Text),  # sealed JSON
    Column("provider_id", String(200), index=True),
    Column("tries", Integer, nullable=False),
    Column("code", String(60)),
    Column("detail", Text),
    Column("changed_at", UtcDateTime()),
    Column("released_at", UtcDateTime()),  # when the customer's message, or the owner, last let it go
    Index("ix_outbox_unsent", "business", "session_id", "status"),
    info=of_customers(Rows("what was sent", chat="session_id", sealed=("address",), sealed_json=("part",))),
)

effects = Table(
    "effects",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("session_id", String(200), nullable=False, index=True),
    Column("operation", String(120), nullable=False),
    Column("request", String(64), nullable=False),  # a fingerprint of what was confirmed
    Column("reply", Text, nullable=False),  # sealed JSON
    Column("at", UtcDateTime(), nullable=False),
    info=of_customers(Rows("what was done", chat="session_id", sealed_json=("reply",), secret=("key", "request"))),
)

audit = Table(
    "audit",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("body", Text, nullable=False),
    info=NOT_PERSONAL,  # a record commits to texts by the chat's key, and tells nothing once that is destroyed
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    info=NOT_PERSONAL,
)

erasures = Table(  # each tells running processes to forget what they hold in memory
    "erasures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("business", String(120), nullable=False, index=True),
    Column("at", UtcDateTime(), nullable=False),
    Column("finished_at", UtcDateTime()),  # None while the bytes in the database's files are still to be overwritten
    info=NOT_PERSONAL,
)

llm_tokens = Table(
    "llm_tokens",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("tokens", Integer, nullable=False),
    info=NOT_PERSONAL,
)
