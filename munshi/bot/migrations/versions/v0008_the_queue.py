"""Whose turn it is in a chat, and an outbox that is sent from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_WAITING = sa.text("done_at IS NULL")


def upgrade() -> None:
    """Make them; what the outbox holds keeps its place."""
    op.create_table(
        "turns",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("lane", sa.String(8), primary_key=True),
        sa.Column("session_id", sa.String(200), primary_key=True),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("token", sa.String(32)),
        sa.Column("tries", sa.Integer, nullable=False),
    )
    op.create_index("ix_turns_due", "turns", ["business", "lane", "due_at"])
    _extend_inbox()
    _extend_outbox()


def _extend_inbox() -> None:
    with op.batch_alter_table("inbox") as batch:
        batch.add_column(sa.Column("trace", sa.String(32), nullable=False, server_default=""))
        batch.add_column(sa.Column("queued", sa.Boolean, nullable=False, server_default=sa.false()))
    with op.batch_alter_table("inbox") as batch:
        batch.alter_column("trace", existing_type=sa.String(32), existing_nullable=False, server_default=None)
        batch.alter_column("queued", existing_type=sa.Boolean(), existing_nullable=False, server_default=None)
    op.create_index(
        "ix_inbox_waiting",
        "inbox",
        ["business", "session_id", "timestamp"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def _extend_outbox() -> None:
    with op.batch_alter_table("outbox") as batch:
        batch.alter_column("line_id", existing_type=sa.Integer(), nullable=True)
        batch.add_column(sa.Column("role", sa.String(20), nullable=False, server_default="person"))
        batch.add_column(sa.Column("status", sa.String(20), nullable=False, server_default="waiting"))
        batch.add_column(sa.Column("ref", sa.String(32)))
        batch.add_column(sa.Column("address", sa.Text))
        batch.add_column(sa.Column("part", sa.Text))
        batch.add_column(sa.Column("provider_id", sa.String(200)))
        batch.add_column(sa.Column("tries", sa.Integer, nullable=False, server_default="0"))
        batch.add_column(sa.Column("code", sa.String(60)))
        batch.add_column(sa.Column("detail", sa.Text))
        batch.add_column(sa.Column("changed_at", sa.DateTime(timezone=True)))
        batch.create_unique_constraint("uq_outbox_ref", ["ref"])
    with op.batch_alter_table("outbox") as batch:
        for column, kind in (("role", sa.String(20)), ("status", sa.String(20)), ("tries", sa.Integer())):
            batch.alter_column(column, existing_type=kind, existing_nullable=False, server_default=None)
    op.create_index("ix_outbox_provider_id", "outbox", ["provider_id"])
    op.create_index("ix_outbox_unsent", "outbox", ["business", "session_id", "status"])
    op.execute("UPDATE outbox SET status = 'sent' WHERE sent_at IS NOT NULL")
