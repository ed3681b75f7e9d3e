"""A study in this process: the way of ``automl fit``."""

import json
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from automl import pipeline
from automl.client import Leaderboard, Report
from automl.client.source import TARGET, as_file
from automl.core import leaderboard
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
    Plan,
    StudySpec,
    TaskSpec,
    Validation,
    label,
)
from automl.core.trial import Trial
from automl.data import local, read
from automl.estimators.request import Columns, Outcome, Request
from automl.search import places
from automl.settings import Settings

Name = TypeVar("Name", bound=StrEnum)

_UNPACKED_BYTES = 1 << 62
"""What was in memory a moment ago is no bomb."""


def run(request: Request, data: Any, *, slots: int, verbose: bool) -> Outcome:
    """Return the outcome of a study of ``data``, a pair ``(X, y)``.

    Args:
        request: what is asked for.
        data: see `automl.client.source.as_file`.
        slots: candidates trained at once, each in a process of its own when more than one.
        verbose: whether to say on stderr how it goes.

    Raises:
        InvalidInput: the data or the request is at fault.
        ValueError: the request names what does not exist.
        NothingTrained: no trial was complete when the budget ended.
    """
    started = time.monotonic()
    devices = places.devices(Settings.from_environment().device)
    if devices.complaint:
        warnings.warn(devices.complaint, stacklevel=4)
    with tempfile.TemporaryDirectory(prefix="automl-") as folder, as_file(data) as file:
        table = Path(folder) / "table.parquet"
        dataset = _dataset(file, table)
        spec = _spec(request, dataset, spent=time.monotonic() - started)
        with _said(request.task, spec.budget) if verbose else nullcontext(_unheard) as watch:
            found = pipeline.fit(
                spec, dataset, table, slots=slots, devices=devices.names, watch=watch
            )
    files, judged_by = found.finished.files, found.plan.metric
    return Outcome(
        files[ExportFormat.ONNX],
        Report(json.loads(files[ExportFormat.REPORT])),
        Leaderboard(
            map(leaderboard.row, leaderboard.ranked(found.trials, judged_by)), judged_by.value
        ),
    )


@contextmanager
def _said(name: str, budget: Budget) -> Iterator[pipeline.Watch]:
    """Show the search as the terminal does, and give what is told of it; its end is a line."""
    from rich.console import Console

    from automl.client.here import Watch
    from automl.client.screen import status_line

    console = Console(stderr=True)
    with Watch(console, name, budget, quiet=False) as watch:
        yield watch.note
    if watch.told is not None:
        line = status_line(watch.told.study("succeeded"))
        console.print(line, markup=False, highlight=False)


def _unheard(_plan: Plan, _trials: Sequence[Trial]) -> None:
    pass


def _dataset(file: Path, table: Path) -> Dataset:
    profile = read.ingest(
        file, name=file.name, media_type=None, out=table, unpacked_limit=_UNPACKED_BYTES
    )
    return local.dataset(file, profile)


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
            None if request.positive is None else label(request.positive),
        ),
        budget=_budget(request.budget, spent=spent),
        columns=_overrides(request.corrected(kinds, TARGET)),
        families=None if families is None else tuple(_named(FamilyName, n) for n in families),
        search_space=request.search_space,
        validation=_validation(request.validation),
        objective=_objective(request.objective),
        ensemble=request.ensemble,
        seed=request.seed,
    )


def _budget(given: Mapping[str, Any], *, spent: float) -> Budget:
    seconds, trials = _parts("budget", given, "seconds", "trials")
    if seconds is None and trials is None:
        raise ValueError("budget needs seconds, trials or both")
    if min(seconds or 1, trials or 1) <= 0 or 0 in {seconds, trials}:
        raise ValueError(f"budget must be more than nothing, not {dict(given)}")
    return Budget(None if seconds is None else max(1.0, seconds - spent), trials)


def _overrides(columns: Columns) -> dict[str, ColumnOverride]:
    found = {name: _parts(f"columns[{name!r}]", it, "kind", "use") for name, it in columns.items()}
    return {
        name: ColumnOverride(_named(ColumnKind, kind), use is None or bool(use))
        for name, (kind, use) in found.items()
    }


def _validation(given: Mapping[str, Any]) -> Validation:
    strategy, column, share = _parts("validation", given, "strategy", "column", "test_fraction")
    share = None if share in {None, "auto"} else float(share)
    if share is not None and not 0 <= share <= 0.5:
        raise ValueError(f"validation's test_fraction must be from 0 to 0.5, not {share}")
    return Validation(_named(ValidationStrategy, strategy or "auto"), column, share)


def _objective(given: Mapping[str, Any]) -> Objective:
    return Objective(*_parts("objective", given, "max_model_bytes", "max_row_ms"))


def _parts(what: str, given: Mapping[str, Any], *names: str) -> list[Any]:
    """Return the parts of a mapping by name, None for absent ones. Raises ValueError for others."""
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ValueError(f"{what} has no {unknown[0]!r}; it takes {', '.join(names)}")
    return [given.get(name) for name in names]


def _named(names: type[Name], name: str | None) -> Any:
    """Return what is known by a name, None for None. Raises ValueError for an unknown one."""
    if name is not None and name not in tuple(names):
        raise ValueError(f"there is no {name!r}; known are {', '.join(names)}")
    return None if name is None else names(name)
