"""What the metrics page adds up: attempts, lost leases, crashes and the seconds of phases.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ZERO = sa.text("0")


def upgrade() -> None:
    """Add the columns, and count what happened so far."""
    for name in ("attempts", "leases_lost", "crashes"):
        op.add_column(
            "studies", sa.Column(name, sa.Integer(), server_default=_ZERO, nullable=False)
        )
    op.add_column(
        "studies", sa.Column("trial_seconds", sa.Double(), server_default=_ZERO, nullable=False)
    )
    op.add_column("studies", sa.Column("finalizing_at", sa.Double(), nullable=True))
    for name, total in (
        ("attempts", "sum(attempts)"),
        ("crashes", "sum(crashes)"),
        ("trial_seconds", "sum(seconds)"),
    ):
        op.execute(
            f"UPDATE studies SET {name} = coalesce("
            f"(SELECT {total} FROM trials WHERE trials.study_id = studies.id), 0)"
        )
    op.execute(
        "UPDATE studies SET leases_lost = (SELECT count(*) FROM events "
        "WHERE events.study_id = studies.id AND events.type = 'worker.lost')"
    )
