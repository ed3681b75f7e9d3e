"""The studies of a tenant that have not ended, found among thousands that have.

Revision ID: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index what every look for work joins, in the order of lists."""
    op.create_index(op.f("ix_studies_tenant_status_id"), "studies", ["tenant", "status", "id"])
