"""The first schema.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "artifacts",
        sa.Column("id", NAME, nullable=False),
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("sha256", NAME, nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("kept_until", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifacts")),
    )
    op.create_index("ix_artifacts_kept_until", "artifacts", ["kept_until"], unique=False)
    op.create_index(
        "uq_artifacts_content",
        "artifacts",
        ["tenant", "sha256", "media_type"],
        unique=True,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_table(
        "requests",
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("fingerprint", NAME, nullable=True),
        sa.Column("held_until", sa.Double(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_created_at"), "requests", ["created_at"], unique=False)
    op.create_table(
        "studies",
        sa.Column("id", NAME, nullable=False),
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("dataset_id", NAME, nullable=False),
        sa.Column("test_dataset_id", NAME, nullable=True),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("metric", NAME, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("trials", sa.Integer(), nullable=True),
        sa.Column("status", NAME, nullable=False),
        sa.Column("cancelling", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("exhausted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("next_number", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("open_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("waiting", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("running", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("complete", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("pruned", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cancelled", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("queued_at", sa.Double(), nullable=False),
        sa.Column("served_at", sa.Double(), nullable=True),
        sa.Column("outputs", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("paused_at", sa.Double(), nullable=True),
        sa.Column("paused_seconds", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("search_ends_at", sa.Double(), nullable=True),
        sa.Column("best_trial", sa.Integer(), nullable=True),
        sa.Column("best_family", NAME, nullable=True),
        sa.Column("best_value", sa.Double(), nullable=True),
        sa.Column("model_id", NAME, nullable=True),
        sa.Column("error_reason", NAME, nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("finish_token", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("finish_worker", NAME, nullable=True),
        sa.Column("finish_until", sa.Double(), nullable=True),
        sa.Column("finish_crashes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("finish_losses", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studies")),
    )
    op.create_index(op.f("ix_studies_dataset_id"), "studies", ["dataset_id"], unique=False)
    op.create_index(op.f("ix_studies_status"), "studies", ["status"], unique=False)
    op.create_index(op.f("ix_studies_tenant_id"), "studies", ["tenant", "id"], unique=False)
    op.create_index(
        op.f("ix_studies_test_dataset_id"), "studies", ["test_dataset_id"], unique=False
    )
    op.create_table(
        "watch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch")),
    )
    op.create_table(
        "workers",
        sa.Column("id", NAME, nullable=False),
        sa.Column("device", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("last_heartbeat_at", sa.Double(), nullable=False),
        sa.Column("tenant", NAME, nullable=True),
        sa.Column("study_id", NAME, nullable=True),
        sa.Column("trial", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "chunks",
        sa.Column("artifact_id", NAME, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", NAME, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["artifacts.id"], name=op.f("fk_chunks_artifact_id")
        ),
        sa.PrimaryKeyConstraint("artifact_id", "seq", name=op.f("pk_chunks")),
    )
    op.create_table(
        "datasets",
        sa.Column("id", NAME, nullable=False),
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("modality", NAME, nullable=False),
        sa.Column("format", NAME, nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", NAME, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("source", NAME, nullable=False),
        sa.Column("canonical", NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["canonical"], ["artifacts.id"], name=op.f("fk_datasets_canonical")
        ),
        sa.ForeignKeyConstraint(["source"], ["artifacts.id"], name=op.f("fk_datasets_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
    )
    op.create_index(op.f("ix_datasets_canonical"), "datasets", ["canonical"], unique=False)
    op.create_index(op.f("ix_datasets_source"), "datasets", ["source"], unique=False)
    op.create_index(op.f("ix_datasets_tenant_id"), "datasets", ["tenant", "id"], unique=False)
    op.create_table(
        "events",
        sa.Column("study_id", NAME, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", NAME, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_events_study_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("study_id", "seq", name=op.f("pk_events")),
    )
    op.create_table(
        "models",
        sa.Column("id", NAME, nullable=False),
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("study_id", NAME, nullable=False),
        sa.Column("dataset_id", NAME, nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_models_study_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_models")),
    )
    op.create_index(op.f("ix_models_study_id"), "models", ["study_id"], unique=False)
    op.create_index(op.f("ix_models_tenant_id"), "models", ["tenant", "id"], unique=False)
    op.create_table(
        "trials",
        sa.Column("study_id", NAME, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("family", NAME, nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("fold_values", sa.Text(), nullable=False),
        sa.Column("rungs", sa.Text(), nullable=True),
        sa.Column("epochs", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("parameters", sa.BigInteger(), nullable=True),
        sa.Column("reason", NAME, nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("worker", NAME, nullable=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("losses", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("checkpoint", NAME, nullable=True),
        sa.Column("checkpointed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("out_of_fold", NAME, nullable=True),
        sa.Column("fitted", NAME, nullable=True),
        sa.ForeignKeyConstraint(
            ["checkpoint"], ["artifacts.id"], name=op.f("fk_trials_checkpoint")
        ),
        sa.ForeignKeyConstraint(["fitted"], ["artifacts.id"], name=op.f("fk_trials_fitted")),
        sa.ForeignKeyConstraint(
            ["out_of_fold"], ["artifacts.id"], name=op.f("fk_trials_out_of_fold")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_trials_study_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("study_id", "number", name=op.f("pk_trials")),
    )
    op.create_index(op.f("ix_trials_checkpoint"), "trials", ["checkpoint"], unique=False)
    op.create_index(op.f("ix_trials_fitted"), "trials", ["fitted"], unique=False)
    op.create_index(op.f("ix_trials_lease_until"), "trials", ["lease_until"], unique=False)
    op.create_index(op.f("ix_trials_out_of_fold"), "trials", ["out_of_fold"], unique=False)
    op.create_index(
        op.f("ix_trials_study_id_state_number"),
        "trials",
        ["study_id", "state", "number"],
        unique=False,
    )
    op.create_index(
        op.f("ix_trials_study_id_value_number"),
        "trials",
        ["study_id", "value", "number"],
        unique=False,
    )
    op.create_table(
        "model_files",
        sa.Column("model_id", NAME, nullable=False),
        sa.Column("format", NAME, nullable=False),
        sa.Column("artifact_id", NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["artifacts.id"], name=op.f("fk_model_files_artifact_id")
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_model_files_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "format", name=op.f("pk_model_files")),
    )
    op.create_index(
        op.f("ix_model_files_artifact_id"), "model_files", ["artifact_id"], unique=False
    )
    op.create_table(
        "points",
        sa.Column("study_id", NAME, nullable=False),
        sa.Column("trial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("train_loss", sa.Double(), nullable=True),
        sa.Column("valid_loss", sa.Double(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("learning_rate", sa.Double(), nullable=True),
        sa.Column("gradient_norm", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id", "trial"],
            ["trials.study_id", "trials.number"],
            name=op.f("fk_points_study_id_trial"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "trial", "epoch", name=op.f("pk_points")),
    )
