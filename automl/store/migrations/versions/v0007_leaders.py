"""Leaderboards read in order whichever way the metric goes, and the trials that have arrays found.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEPT = sa.text("out_of_fold IS NOT NULL")


def upgrade() -> None:
    """Index the highest values first, and what every completed trial looks through."""
    last = "" if op.get_bind().dialect.name == "sqlite" else " NULLS LAST"
    falling = sa.text(f"value DESC{last}")
    op.create_index("ix_trials_highest_first", "trials", ["study_id", falling, "number"])
    op.create_index(
        "ix_trials_with_arrays",
        "trials",
        ["study_id"],
        sqlite_where=_KEPT,
        postgresql_where=_KEPT,
    )
