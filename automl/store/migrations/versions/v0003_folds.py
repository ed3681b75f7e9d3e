"""The fold a curve's point belongs to.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; points that are there already have no fold."""
    op.add_column("points", sa.Column("fold", sa.Integer(), nullable=True))
