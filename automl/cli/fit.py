"""``automl fit``: a whole study on this machine, no server to start."""

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich import filesize
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from automl.cli.tables import leaderboard, outcome
from automl.client.screen import drawing
from automl.core.catalog import (
    ColumnKind,
    ExportFormat,
    FamilyName,
    MetricName,
    Modality,
    TaskType,
)
from automl.core.duration import seconds
from automl.core.errors import InvalidSpec
from automl.core.schema import Column, Dataset
from automl.core.study import Budget, Plan, StudySpec, TaskSpec
from automl.core.trial import Trial
from automl.data import ingest
from automl.settings import Settings

FEW_CLASSES = 20
"""A whole-number target with no more distinct values than this is taken for classes."""


def fit(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="A table, images, series or volumes."),
    ],
    target: Annotated[
        str, typer.Option(help="The column to predict; arrays with one need no name.")
    ] = "",
    task: Annotated[
        TaskType | None, typer.Option(help="Guessed from the target if left out.")
    ] = None,
    budget: Annotated[str, typer.Option(help="Wall-clock time: 60s, 5m, 1h.")] = "60s",
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="End after so many trials instead: reproducible to the byte."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the model file goes.")] = Path("model.onnx"),
    metric_name: Annotated[
        MetricName | None, typer.Option("--metric", help="What is optimized.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="A test set that the search never sees.")
    ] = None,
    family: Annotated[list[FamilyName] | None, typer.Option(help="Only these families.")] = None,
    modality: Annotated[
        Modality | None, typer.Option(help="What FILE holds; told by its content if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    slots: Annotated[int, typer.Option(min=0, help="Candidates at once; 0: one a core.")] = 0,
) -> None:
    """Search the best model for FILE and write it as one ONNX file."""
    started = time.monotonic()
    console = Console(stderr=True)
    console.print(f"Reading {file.name} …", markup=False, highlight=False)
    _light_threads()
    from automl import pipeline  # seconds on a cold machine: it loads what trains
    from automl.search.request import settled

    with tempfile.TemporaryDirectory(prefix="automl-") as folder:
        dataset, table = _read(file, Path(folder) / "data.parquet", modality)
        tested = _read(test, Path(folder) / "test.parquet", modality) if test else None
        spec = StudySpec(
            dataset_id=dataset.id,
            test_dataset_id=tested[0].id if tested else None,
            task=TaskSpec(task or TaskType.CLASSIFICATION, target, metric_name),
            budget=_budget(budget, trials, started),
            families=tuple(family) if family else None,
            seed=seed,
        )
        spec = settled(spec, dataset)
        if task is None:
            guess = guess_task(dataset, spec.task.target, console)
            spec = replace(spec, task=replace(spec.task, type=guess))
        try:
            with Watch(console, spec.budget) as watch:
                result = pipeline.fit(
                    spec,
                    dataset,
                    table,
                    test=tested,
                    slots=slots or os.cpu_count() or 1,
                    watch=watch.show,
                )
        except KeyboardInterrupt:
            console.print("Stopped; no model was written. A shorter --budget ends with one.")
            raise typer.Exit(130) from None
    out.write_bytes(result.finished.files[ExportFormat.ONNX])
    screen = Console()
    screen.print(leaderboard(result.trials, result.plan.metric))
    screen.print(outcome(result.finished.card))
    screen.print(
        f"{out}: {filesize.decimal(out.stat().st_size)}, {time.monotonic() - started:.0f} s in all"
    )
    screen.print(f"Score new rows with:  automl predict {out} ROWS.csv")


def guess_task(dataset: Dataset, target: str, console: Console) -> TaskType:
    """Return the task that the target's column suggests, and say so.

    Raises:
        InvalidSpec: there is no such column.
    """
    column = dataset.column(target)
    if column is None:
        names = ", ".join(repr(c.name) for c in dataset.columns[:20])
        raise InvalidSpec(f"There is no column {target!r}; {dataset.name} has {names}.")
    measured = _measures(column) and not column.labels
    guessed = TaskType.REGRESSION if measured else TaskType.CLASSIFICATION
    console.print(
        f"{target!r} is {column.kind.value}: taken for {guessed.value} (--task to choose)"
    )
    return guessed


def _measures(column: Column) -> bool:
    if column.kind not in (ColumnKind.NUMERIC, ColumnKind.ID):
        return False
    return not column.integral or column.unique > FEW_CLASSES


def _read(file: Path, table: Path, modality: Modality | None) -> tuple[Dataset, Path]:
    settings = Settings.from_environment()
    profile = ingest.run(
        file,
        name=file.name,
        media_type=None,
        out=table,
        unpacked_limit=settings.unpacked_limit,
        modality=modality,
    )
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    dataset = Dataset(
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
    return dataset, table


def _budget(text: str, trials: int | None, started: float) -> Budget:
    """Return the budget; reading the file has already used some of the seconds."""
    if trials is not None:
        return Budget(trials=trials)
    return Budget(seconds=max(1.0, seconds(text) - (time.monotonic() - started)))


def _light_threads() -> None:
    """Keep every library at one thread: processes, not threads, fill the cores."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # noqa: TID251 -- libraries read it when first imported


class Watch:
    """A live view of a search: a bar over the budget and the best trials so far."""

    def __init__(self, console: Console, budget: Budget) -> None:
        self._budget = budget
        self._started = time.monotonic()
        self._trials: Sequence[Trial] = ()
        self._plan: Plan | None = None
        self._live = Live(
            console=console, transient=True, refresh_per_second=4, get_renderable=self._render
        )

    def __enter__(self) -> "Watch":
        if self._live.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, plan: Plan, trials: Sequence[Trial]) -> None:
        """Take note of the trials so far; the screen follows by itself."""
        self._plan, self._trials = plan, list(trials)

    def _render(self) -> RenderableType:
        ended = sum(trial.state.ended for trial in self._trials)
        spent = time.monotonic() - self._started
        total = self._budget.trials if self._budget.seconds is None else self._budget.seconds
        done = float(ended) if self._budget.seconds is None else min(spent, self._budget.seconds)
        share = done / (total or 1)
        if self._plan is None:
            return drawing(share, Text(f"getting ready, {spent:.0f} s"))
        line = Text(f"{ended} trials, {len(self._trials) - ended} running, {spent:.0f} s")
        return drawing(share, line, leaderboard(self._trials, self._plan.metric, limit=8))
