"""Content sealed with a key for each chat, effects that happen once, and the audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# What was JSON becomes sealed text; what lies there in plain is read as it is.
_SEALED = {"inbox": ("attachments", "response"), "sessions": ("state",), "transcript": ("reply",), "tickets": ("form",)}
_NULLABLE = frozenset({"response", "reply"})


def upgrade() -> None:
    """Make them."""
    for table, columns in _SEALED.items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.alter_column(
                    column,
                    type_=sa.Text(),
                    existing_type=sa.JSON(),
                    existing_nullable=column in _NULLABLE,
                    postgresql_using=f"{column}::text",
                )
    with op.batch_alter_table("sessions") as batch:
        batch.add_column(sa.Column("version", sa.Integer, nullable=False, server_default="0"))
    with op.batch_alter_table("sessions") as batch:
        batch.alter_column("version", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
    _make_content_keys()
    _make_effects()
    _make_audit()


def _make_content_keys() -> None:
    op.create_table(
        "content_keys",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("session_id", sa.String(200), primary_key=True),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
    )


def _make_effects() -> None:
    op.create_table(
        "effects",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("session_id", sa.String(200), nullable=False, index=True),
        sa.Column("operation", sa.String(120), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


def _make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "audit_heads",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
