"""Rows to core values."""

from typing import Any

from sqlalchemy import RowMapping

from automl.core.catalog import (
    EventType,
    ExportFormat,
    FamilyName,
    Modality,
    StudyFailure,
    StudyStatus,
    TrialFailure,
    TrialState,
)
from automl.core.leases import Worker
from automl.core.model import Artifact, Model
from automl.core.ports import Event
from automl.core.schema import Dataset
from automl.core.study import Budget, Study
from automl.core.trial import Candidate, CurvePoint, Trial
from automl.store import codec
from automl.store.elapsed import elapsed


def dataset(row: RowMapping) -> Dataset:
    """Return the dataset of a row of ``datasets``."""
    return Dataset(
        id=row["id"],
        tenant=row["tenant"],
        name=row["name"],
        modality=Modality(row["modality"]),
        format=row["format"],
        bytes=row["bytes"],
        sha256=row["sha256"],
        rows=row["rows"],
        columns=codec.columns_from_json(row["columns"]),
        warnings=codec.warnings_from_json(row["warnings"]),
        created_at=row["created_at"],
        source=row["source"],
        table=row["canonical"],
    )


def study(row: RowMapping) -> Study:
    """Return the study of a row of ``studies`` with the clock beside it as ``now``."""
    reason = row["error_reason"]
    family = row["best_family"]
    spec = codec.spec_from_json(row["spec"], Budget(row["seconds"], row["trials"]))
    return Study(
        id=row["id"],
        tenant=row["tenant"],
        spec=spec,
        plan=codec.plan_from_json(row["plan"]),
        status=StudyStatus(row["status"]),
        version=row["version"],
        last_seq=row["last_seq"],
        counts={state: row[state.value] for state in TrialState},
        created_at=row["created_at"],
        queued_at=row["queued_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        elapsed_seconds=elapsed(
            started_at=row["started_at"],
            until=row["finished_at"] or row["paused_at"] or row["now"],
            paused_seconds=row["paused_seconds"],
        ),
        best_trial=row["best_trial"],
        best_family=None if family is None else FamilyName(family),
        best_value=row["best_value"],
        model_id=row["model_id"],
        error=None if reason is None else (StudyFailure(reason), row["error_detail"]),
    )


def candidate(row: RowMapping) -> Candidate:
    """Return the candidate of a row of ``trials``."""
    return Candidate(FamilyName(row["family"]), row["params"])


def trial(row: RowMapping) -> Trial:
    """Return the trial of a row of ``trials``."""
    reason = row["reason"]
    return Trial(
        study_id=row["study_id"],
        number=row["number"],
        state=TrialState(row["state"]),
        candidate=candidate(row),
        value=row["value"],
        fold_values=tuple(row["fold_values"]),
        epochs=row["epochs"],
        seconds=row["seconds"],
        parameters=row["parameters"],
        worker=row["worker"],
        attempts=row["attempts"],
        reason=None if reason is None else TrialFailure(reason),
        message=row["message"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        rungs=tuple(row["rungs"] or ()),
    )


def point(row: RowMapping) -> CurvePoint:
    """Return the curve point of a row of ``points``."""
    fields = (
        "epoch",
        "fold",
        "train_loss",
        "valid_loss",
        "value",
        "learning_rate",
        "gradient_norm",
    )
    return CurvePoint(**{name: row[name] for name in fields}, seconds=row["seconds"])


def event(row: RowMapping) -> Event:
    """Return the event of a row of ``events``."""
    return Event(row["seq"], EventType(row["type"]), row["at"], row["data"])


def artifact(row: RowMapping) -> Artifact:
    """Return the artifact of a row of ``artifacts``."""
    return Artifact(
        id=row["id"],
        tenant=row["tenant"],
        sha256=row["sha256"],
        bytes=row["bytes"],
        media_type=row["media_type"],
    )


def model(row: RowMapping, formats: dict[ExportFormat, Artifact]) -> Model:
    """Return the model of a row of ``models`` and its files."""
    return Model(
        id=row["id"],
        tenant=row["tenant"],
        study_id=row["study_id"],
        dataset_id=row["dataset_id"],
        card=codec.card_from_json(row["card"]),
        formats=formats,
        created_at=row["created_at"],
    )


def worker(row: RowMapping) -> Worker:
    """Return the worker of a row of ``workers``."""
    values: dict[str, Any] = dict(row)
    return Worker(**values)
