"""What a message is beside its text: its kind, the button pressed, files to fetch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; what was kept before is plain text."""
    op.add_column("inbox", sa.Column("details", sa.Text))
