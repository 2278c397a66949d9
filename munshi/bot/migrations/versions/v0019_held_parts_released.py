"""When a part that was held was released."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("outbox") as batch:
        batch.add_column(sa.Column("released_at", sa.DateTime(timezone=True)))
