"""Whose turn was longest ago, of all studies of a tenant.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the last turns, which every claim compares."""
    op.create_index(op.f("ix_studies_tenant_served_at"), "studies", ["tenant", "served_at"])
