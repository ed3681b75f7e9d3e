"""A column that the first schema got only after stores had been made by it.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column where it is missing."""
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("trials")}
    if "rungs" not in there:
        op.add_column("trials", sa.Column("rungs", sa.Text(), nullable=True))
