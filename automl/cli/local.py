"""A whole study on this machine: read, search, watch, write one file."""

import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich import filesize
from rich.console import Console
from rich.text import Text

from automl.cli.tables import outcome
from automl.client.gauge import span
from automl.client.screen import leaderboard, status_line
from automl.client.text import plain
from automl.core.catalog import (
    ColumnKind,
    ExportFormat,
    FamilyName,
    MetricName,
    Modality,
    TaskType,
)
from automl.core.duration import seconds
from automl.core.errors import InvalidSpec, NothingTrained
from automl.core.model import ModelCard
from automl.core.schema import Column, Dataset
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.settings import Settings

Json = dict[str, Any]

FEW_CLASSES = 20
"""A whole-number target with no more distinct values than this is taken for classes."""

BOARD = 20
"""Trials that are listed at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asked for."""

    file: Path
    target: str
    task: TaskType | None
    budget: str
    trials: int | None
    out: Path
    metric: MetricName | None
    test: Path | None
    families: tuple[FamilyName, ...] | None
    modality: Modality | None
    seed: int
    slots: int
    device: str | None
    as_json: bool


def run(asked: Asked) -> None:
    """Search, and write the model; say on stderr how it goes and on stdout what came of it.

    Raises:
        AutoMLError: the data or the request is at fault, or nothing could be trained.
        KeyboardInterrupt: a Ctrl-C before there was anything to keep, or a second one.
    """
    started = time.monotonic()
    _budget(asked.budget, asked.trials, started)  # what is no length of time is refused at once
    console = Console(stderr=True)
    _say(console, f"Reading {asked.file.name} …")
    _light_threads()
    from automl import pipeline  # seconds on a cold machine: it loads what trains
    from automl.cli.interrupt import heeding
    from automl.client.here import Watch
    from automl.search import places
    from automl.search.control import Stop

    stop = Stop()
    devices = places.devices(Settings.from_environment(device=asked.device).device)
    if devices.complaint:
        _say(console, devices.complaint)
    with tempfile.TemporaryDirectory(prefix="automl-") as folder:
        data = _Data.read(asked, Path(folder))
        spec = _spec(asked, data, console, started)
        with Watch(console, asked.file.stem, spec.budget, quiet=asked.as_json) as watch:
            try:
                with heeding(stop, watch.stopping):
                    result = pipeline.fit(
                        spec,
                        data.dataset,
                        data.table,
                        test=data.test,
                        slots=devices.slots(asked.slots),
                        devices=devices.names,
                        watch=watch.note,
                        stop=stop,
                    )
            except NothingTrained:
                if stop.asked:
                    raise KeyboardInterrupt from None
                raise
    asked.out.write_bytes(result.finished.files[ExportFormat.ONNX])
    watch.note(result.plan, result.trials)
    told = watch.told
    if told is None:
        raise TypeError("a search that has ended was never told of")
    study = told.study("cancelled" if stop.asked else "succeeded")
    shown = _show_json if asked.as_json else _show
    shown(asked, study, told.trials(), result.finished.card, time.monotonic() - started)


def guess_task(dataset: Dataset, target: str) -> TaskType:
    """Return the task that the target's column suggests.

    Raises:
        InvalidSpec: there is no such column.
    """
    column = dataset.column(target)
    if column is None:
        names = ", ".join(repr(c.name) for c in dataset.columns[:20])
        raise InvalidSpec(f"There is no column {target!r}; {dataset.name} has {names}.")
    measured = _measures(column) and not column.labels
    return TaskType.REGRESSION if measured else TaskType.CLASSIFICATION


@dataclass(frozen=True, slots=True)
class _Data:
    """What was read: a dataset with its table and, where there is one, a test set with its."""

    dataset: Dataset
    table: Path
    test: tuple[Dataset, Path] | None

    @classmethod
    def read(cls, asked: Asked, folder: Path) -> "_Data":
        dataset, table = _read(asked.file, folder / "data.parquet", asked.modality)
        test = None
        if asked.test is not None:
            test = _read(asked.test, folder / "test.parquet", asked.modality)
        return cls(dataset, table, test)


def _spec(asked: Asked, data: _Data, console: Console, started: float) -> StudySpec:
    """Return the study's spec; a task that was guessed is told."""
    from automl.search.request import settled

    spec = StudySpec(
        dataset_id=data.dataset.id,
        test_dataset_id=None if data.test is None else data.test[0].id,
        task=TaskSpec(asked.task or TaskType.CLASSIFICATION, asked.target, asked.metric),
        budget=_budget(asked.budget, asked.trials, started),
        families=asked.families,
        seed=asked.seed,
    )
    spec = settled(spec, data.dataset)
    if asked.task is not None:
        return spec
    target = spec.task.target
    guess = guess_task(data.dataset, target)
    column = data.dataset.column(target)
    kind = "" if column is None else f" is {column.kind.value}"
    _say(console, f"{target!r}{kind}: taken for {guess.value} (--task to choose)")
    return replace(spec, task=replace(spec.task, type=guess))


def _measures(column: Column) -> bool:
    if column.kind not in (ColumnKind.NUMERIC, ColumnKind.ID):
        return False
    return not column.integral or column.unique > FEW_CLASSES


def _read(file: Path, table: Path, modality: Modality | None) -> tuple[Dataset, Path]:
    from automl.data import ingest, local

    profile = ingest.run(
        file,
        name=file.name,
        media_type=None,
        out=table,
        unpacked_limit=Settings.from_environment().unpacked_limit,
        modality=modality,
    )
    return local.dataset(file, profile), table


def _budget(text: str, trials: int | None, started: float) -> Budget:
    """Return the budget; reading the file has already used some of the seconds."""
    if trials is not None:
        return Budget(trials=trials)
    return Budget(seconds=max(1.0, seconds(text) - (time.monotonic() - started)))


def _light_threads() -> None:
    """Keep every library at one thread: processes, not threads, fill the cores."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # noqa: TID251 -- libraries read it when first imported


def _say(console: Console, line: str) -> None:
    console.print(Text(plain(line)), highlight=False)


def _show(asked: Asked, study: Json, trials: list[Json], card: ModelCard, took: float) -> None:
    console = Console()
    _say(console, status_line(study))
    console.print(leaderboard(study, trials[:BOARD], width=console.width))
    console.print(outcome(card))
    size = filesize.decimal(asked.out.stat().st_size)
    _say(console, f"{asked.out}: {size}, {span(took)} in all")
    _say(console, f"Score new rows with:  automl predict {asked.out} ROWS.csv")


def _show_json(asked: Asked, study: Json, trials: list[Json], card: ModelCard, took: float) -> None:
    from automl.export.metadata import numbers

    metrics = {name.value: numbers(estimate) for name, estimate in card.metrics.items()}
    model = {
        "metric": study["metric"],
        "value": card.value,
        "test": {"source": card.source, "metrics": metrics},
        "members": [asdict(member) for member in card.members],
        "classes": list(card.classes) or None,
    }
    file = {"file": str(asked.out), "format": "onnx", "bytes": asked.out.stat().st_size}
    print(
        json.dumps({**study, "trials": trials, "model": model, **file, "seconds": round(took, 3)})
    )
