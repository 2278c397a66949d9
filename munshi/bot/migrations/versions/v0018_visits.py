"""Times of visits to a branch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "visit_times",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("branch", sa.String(120), primary_key=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("taken", sa.Integer, nullable=False),
    )
