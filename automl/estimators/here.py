"""A study in this process: the way of ``automl fit``."""

import hashlib
import json
import tempfile
import time
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from automl import pipeline
from automl.client import Leaderboard, Report
from automl.client.source import TARGET, as_file
from automl.core import metric
from automl.core.catalog import (
    ColumnKind,
    ExportFormat,
    FamilyName,
    MetricName,
    TaskType,
    ValidationStrategy,
)
from automl.core.schema import Dataset
from automl.core.study import (
    Budget,
    ColumnOverride,
    Objective,
    StudySpec,
    TaskSpec,
    Validation,
)
from automl.core.trial import Trial
from automl.data import read
from automl.estimators.request import Columns, Outcome, Request

Name = TypeVar("Name", bound=StrEnum)

_UNPACKED_BYTES = 1 << 62
"""What was in memory a moment ago is no bomb."""


def run(request: Request, data: Any, *, slots: int) -> Outcome:
    """Return the outcome of a study of ``data``, a pair ``(X, y)``.

    Args:
        request: what is asked for.
        data: see `automl.client.source.as_file`.
        slots: candidates trained at once, each in a process of its own when more than one.

    Raises:
        InvalidInput: the data or the request is at fault.
        ValueError: the request names what does not exist.
        NothingTrained: no trial was complete when the budget ended.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="automl-") as folder, as_file(data) as file:
        table = Path(folder) / "table.parquet"
        dataset = _dataset(file, table)
        spec = _spec(request, dataset, spent=time.monotonic() - started)
        found = pipeline.fit(spec, dataset, table, slots=slots)
    files, judged_by = found.finished.files, found.plan.metric
    return Outcome(
        files[ExportFormat.ONNX],
        Report(json.loads(files[ExportFormat.REPORT])),
        Leaderboard(map(_row, _ranked(found.trials, judged_by)), judged_by.value),
    )


def _dataset(file: Path, table: Path) -> Dataset:
    profile = read.ingest(
        file, name=file.name, media_type=None, out=table, unpacked_limit=_UNPACKED_BYTES
    )
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Dataset(
        id=file.name,
        tenant="default",
        name=file.stem,
        modality=profile.modality,
        format=profile.format,
        bytes=file.stat().st_size,
        sha256=digest,
        rows=profile.rows,
        columns=profile.columns,
        warnings=profile.warnings,
        created_at=time.time(),
        source="",
        table="",
    )


def _spec(request: Request, dataset: Dataset, *, spent: float) -> StudySpec:
    """Return the request as a value; reading the data has already used some of the seconds."""
    kinds = [(column.name, column.kind.value) for column in dataset.columns]
    chosen = None if request.metric in {None, "auto"} else _named(MetricName, request.metric)
    families = request.families
    return StudySpec(
        dataset_id=dataset.id,
        task=TaskSpec(
            TaskType(request.task),
            TARGET,
            chosen,
            None if request.positive is None else str(request.positive),
        ),
        budget=_budget(**request.budget, spent=spent),
        columns=_overrides(request.corrected(kinds, TARGET)),
        families=None if families is None else tuple(_named(FamilyName, n) for n in families),
        search_space=request.search_space,
        validation=_validation(**request.validation),
        objective=Objective(**request.objective),
        ensemble=request.ensemble,
        seed=request.seed,
    )


def _budget(*, spent: float, seconds: float | None = None, trials: int | None = None) -> Budget:
    if seconds is None and trials is None:
        raise ValueError("budget needs seconds, trials or both")
    left = None if seconds is None else max(1.0, seconds - spent)
    return Budget(left, trials)


def _overrides(columns: Columns) -> dict[str, ColumnOverride]:
    return {
        name: ColumnOverride(_named(ColumnKind, item.get("kind")), item.get("use", True))
        for name, item in columns.items()
    }


def _validation(
    *, strategy: str = "auto", column: str | None = None, test_fraction: str | float = "auto"
) -> Validation:
    share = None if test_fraction == "auto" else float(test_fraction)
    return Validation(ValidationStrategy(strategy), column, share)


def _named(names: type[Name], name: str | None) -> Any:
    """Return the name as what is known by it. Raises ValueError for an unknown one."""
    if name is None or name in tuple(names):
        return None if name is None else names(name)
    raise ValueError(f"there is no {name!r}; known are {', '.join(names)}")


def _ranked(trials: Any, name: MetricName) -> list[Trial]:
    """Return the best first, those without a value last."""
    sign = -1.0 if metric.maximize(name) else 1.0
    return sorted(trials, key=lambda t: (t.value is None, sign * (t.value or 0.0), t.number))


def _row(trial: Trial) -> dict[str, Any]:
    """Return a trial as a service shows it; whose clock was no clock for people has no times."""
    return {
        "number": trial.number,
        "state": trial.state.value,
        "family": trial.candidate.family.value,
        "params": dict(trial.candidate.params),
        "value": trial.value,
        "fold_values": list(trial.fold_values),
        "epochs": trial.epochs,
        "seconds": trial.seconds,
        "worker": trial.worker,
        "attempts": trial.attempts,
        "reason": None if trial.reason is None else trial.reason.value,
        "message": trial.message,
        "parameters": trial.parameters,
        "started_at": None,
        "finished_at": None,
    }
