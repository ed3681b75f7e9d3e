"""Since when a study is gone for every reader, while its rows go in portions.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, by which sweeps find what to go on with."""
    op.add_column("studies", sa.Column("removed_at", sa.Double(), nullable=True))
    op.create_index(op.f("ix_studies_removed_at"), "studies", ["removed_at"])
