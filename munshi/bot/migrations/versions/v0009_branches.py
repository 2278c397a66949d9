"""Branches and cash machines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "branches",
        sa.Column("business", sa.String(120), primary_key=True),
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("code", sa.String(120), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("areas", sa.JSON, nullable=False),
        sa.Column("pin_code", sa.String(6), nullable=False),
        sa.Column("ifsc", sa.String(11), nullable=False),
        sa.Column("micr", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("hours", sa.String(11), nullable=False),
        sa.Column("services", sa.JSON, nullable=False),
        sa.Column("aliases", sa.JSON, nullable=False),
        sa.Column("latitude", sa.String(13), nullable=False),
        sa.Column("longitude", sa.String(13), nullable=False),
        sa.Column("extra", sa.JSON, nullable=False),
    )
