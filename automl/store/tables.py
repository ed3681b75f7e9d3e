"""The schema: one table a noun, the same on SQLite and PostgreSQL.

Every root resource carries its tenant. Times are seconds since the epoch on the database's clock.
Values that no query looks into (specs, plans, columns) are JSON documents.
"""

import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from typing_extensions import override

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

Name = String().with_variant(String(collation="C"), "postgresql")
"""Ids and other words of ours: ordered by code point on both databases."""


class Document(TypeDecorator[Any]):
    """JSON as ASCII text: what PostgreSQL's own types refuse (NUL, lone surrogates) is escaped."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the text of ``value``."""
        return None if value is None else json.dumps(value, separators=(",", ":"))

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Return the value of the text."""
        return None if value is None else json.loads(value)


class highest_first(FunctionElement[float]):  # noqa: N801 -- reads as the SQL word it is
    """A column in an index: the highest values first, rows without one last."""

    inherit_cache = True


@compiles(highest_first, "sqlite")
def _sqlite(element: highest_first, compiler: SQLCompiler, **how: Any) -> str:
    return f"{compiler.process(element.clauses, **how)} DESC"  # null is less than any value there


@compiles(highest_first, "postgresql")
def _postgresql(element: highest_first, compiler: SQLCompiler, **how: Any) -> str:
    return f"{compiler.process(element.clauses, **how)} DESC NULLS LAST"


def _artifact(name: str, *, nullable: bool) -> Column[str]:
    return Column(name, Name, ForeignKey("artifacts.id"), nullable=nullable)


artifacts = Table(
    "artifacts",
    metadata,
    Column("id", Name, primary_key=True),
    Column("tenant", Name, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("state", Name, nullable=False),  # writing → ready → doomed
    Column("sha256", Name, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    # When to look whether anything still refers to it; null: not before it is let go.
    Column("kept_until", Double),
    Index(
        "uq_artifacts_content",
        "tenant",
        "sha256",
        "media_type",
        unique=True,
        sqlite_where=text("state = 'ready'"),
        postgresql_where=text("state = 'ready'"),
    ),
    Index("ix_artifacts_kept_until", "kept_until"),
)

chunks = Table(
    "chunks",
    metadata,
    Column("artifact_id", Name, ForeignKey("artifacts.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("sha256", Name, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", Name, primary_key=True),
    Column("tenant", Name, nullable=False),
    Column("name", Document, nullable=False),
    Column("modality", Name, nullable=False),
    Column("format", Name, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Name, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("columns", Document, nullable=False),
    Column("warnings", Document, nullable=False),
    Column("created_at", Double, nullable=False),
    _artifact("source", nullable=False),
    _artifact("canonical", nullable=False),
    Index(None, "tenant", "id"),
    Index(None, "source"),
    Index(None, "canonical"),
)

studies = Table(
    "studies",
    metadata,
    Column("id", Name, primary_key=True),
    Column("tenant", Name, nullable=False),
    Column("dataset_id", Name, nullable=False),
    Column("test_dataset_id", Name),
    Column("spec", Document, nullable=False),
    Column("plan", Document, nullable=False),
    Column("metric", Name, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("seconds", Double),
    Column("trials", Integer),
    Column("status", Name, nullable=False),
    Column("cancelling", Boolean, nullable=False, server_default=false()),
    Column("exhausted", Boolean, nullable=False, server_default=false()),
    Column("version", Integer, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("next_number", Integer, nullable=False, server_default=text("0")),
    # The lowest number of a trial without an outcome; next_number when every trial has one.
    Column("open_from", Integer, nullable=False, server_default=text("0")),
    Column("waiting", Integer, nullable=False, server_default=text("0")),
    Column("running", Integer, nullable=False, server_default=text("0")),
    Column("complete", Integer, nullable=False, server_default=text("0")),
    Column("pruned", Integer, nullable=False, server_default=text("0")),
    Column("failed", Integer, nullable=False, server_default=text("0")),
    Column("cancelled", Integer, nullable=False, server_default=text("0")),
    Column("created_at", Double, nullable=False),
    Column("queued_at", Double, nullable=False),
    # When a worker last took one of its trials.
    Column("served_at", Double),
    # Columns of a prediction: what the finish costs depends on them.
    Column("outputs", Integer, nullable=False, server_default=text("1")),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("paused_at", Double),
    Column("paused_seconds", Double, nullable=False, server_default=text("0")),
    Column("search_ends_at", Double),
    Column("best_trial", Integer),
    Column("best_family", Name),
    Column("best_value", Double),
    Column("model_id", Name),
    Column("error_reason", Name),
    Column("error_detail", Document),
    Column("finish_token", Integer, nullable=False, server_default=text("0")),
    Column("finish_worker", Name),
    Column("finish_until", Double),
    # Deaths of processes that finished it or, while it searches, asked for its next trial.
    Column("finish_crashes", Integer, nullable=False, server_default=text("0")),
    Column("finish_losses", Integer, nullable=False, server_default=text("0")),
    # What the metrics page adds up: over all trials, and of the finish.
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("leases_lost", Integer, nullable=False, server_default=text("0")),
    Column("crashes", Integer, nullable=False, server_default=text("0")),
    Column("trial_seconds", Double, nullable=False, server_default=text("0")),
    Column("finalizing_at", Double),
    # Since when it is gone for every reader; its rows go in portions, see removal.py.
    Column("removed_at", Double),
    Index(None, "tenant", "id"),
    Index(None, "tenant", "served_at"),
    Index(None, "tenant", "status", "id"),
    Index(None, "dataset_id"),
    Index(None, "test_dataset_id"),
    Index(None, "status"),
    Index(None, "removed_at"),
)

KEPT = studies.c.removed_at.is_(None)
"""The study was not removed: every reader asks, for the rows of a large one stay for a while."""

trials = Table(
    "trials",
    metadata,
    Column("study_id", Name, ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", Name, nullable=False),
    Column("family", Name, nullable=False),
    Column("params", Document, nullable=False),
    Column("value", Double),
    Column("fold_values", Document, nullable=False),
    Column("rungs", Document),
    Column("epochs", Integer),
    Column("seconds", Double),
    Column("parameters", BigInteger),
    Column("reason", Name),
    Column("message", Document),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("worker", Name),
    Column("token", Integer, nullable=False),
    Column("lease_until", Double),
    Column("attempts", Integer, nullable=False),
    Column("crashes", Integer, nullable=False, server_default=text("0")),
    Column("losses", Integer, nullable=False, server_default=text("0")),
    _artifact("checkpoint", nullable=True),
    # Whether the current attempt wrote its checkpoint; of a waiting trial, that it gave way there.
    Column("checkpointed", Boolean, nullable=False, server_default=false()),
    _artifact("out_of_fold", nullable=True),
    _artifact("fitted", nullable=True),
    Index(None, "study_id", "state", "number"),
    Index(None, "study_id", "value", "number"),
    # The trials that still have their arrays.
    Index(
        "ix_trials_with_arrays",
        "study_id",
        sqlite_where=text("out_of_fold IS NOT NULL"),
        postgresql_where=text("out_of_fold IS NOT NULL"),
    ),
    Index(None, "lease_until"),
    Index(None, "checkpoint"),
    Index(None, "out_of_fold"),
    Index(None, "fitted"),
)

Index(
    "ix_trials_highest_first",
    trials.c.study_id,
    highest_first(trials.c.value),
    trials.c.number,
)

points = Table(
    "points",
    metadata,
    Column("study_id", Name, primary_key=True),
    Column("trial", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("train_loss", Double),
    Column("valid_loss", Double),
    Column("value", Double),
    Column("learning_rate", Double),
    Column("gradient_norm", Double),
    Column("seconds", Double, nullable=False),
    Column("fold", Integer),
    ForeignKeyConstraint(
        ["study_id", "trial"], ["trials.study_id", "trials.number"], ondelete="CASCADE"
    ),
)

events = Table(
    "events",
    metadata,
    Column("study_id", Name, ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("type", Name, nullable=False),
    Column("at", Double, nullable=False),
    Column("data", Document, nullable=False),
)

models = Table(
    "models",
    metadata,
    Column("id", Name, primary_key=True),
    Column("tenant", Name, nullable=False),
    Column("study_id", Name, ForeignKey("studies.id", ondelete="CASCADE"), nullable=False),
    Column("dataset_id", Name, nullable=False),
    Column("card", Document, nullable=False),
    Column("created_at", Double, nullable=False),
    Index(None, "tenant", "id"),
    Index(None, "study_id"),
)

model_files = Table(
    "model_files",
    metadata,
    Column("model_id", Name, ForeignKey("models.id", ondelete="CASCADE"), primary_key=True),
    Column("format", Name, primary_key=True),
    _artifact("artifact_id", nullable=False),
    Index(None, "artifact_id"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Name, primary_key=True),
    Column("device", Name, nullable=False),
    Column("state", Name, nullable=False),
    Column("last_heartbeat_at", Double, nullable=False),
    Column("tenant", Name),
    Column("study_id", Name),
    Column("trial", Integer),
)

requests = Table(
    "requests",
    metadata,
    Column("tenant", Name, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("operation", Text, nullable=False),
    Column("fingerprint", Name),
    # Null once answered; a reservation older than this may be taken over.
    Column("held_until", Double),
    Column("status", Integer),
    # Of the answer; as long as there is none, the process that works on it.
    Column("location", Text),
    Column("body", Document),
    Column("created_at", Double, nullable=False),
    Index(None, "created_at"),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Name, primary_key=True),
    Column("tenant", Name, nullable=False),
    Column("scope", Name, nullable=False),
    # Of the secret, which is kept nowhere.
    Column("sha256", Name, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("last_used_at", Double),
)

watch = Table(
    "watch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # Since when, and when last, somebody looked after studies without a break.
    Column("since", Double, nullable=False),
    Column("at", Double, nullable=False),
)
