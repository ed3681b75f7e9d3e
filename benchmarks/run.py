"""One run: a system learns one split in a process of its own, and is judged here.

The process gets the training rows, and the test rows without their target.
"""

import csv
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.memory import Watch
from benchmarks.problem import Problem, Row
from benchmarks.results import OK, Key, Result
from benchmarks.scores import METRICS, BadAnswers, kind, score
from benchmarks.split import Split
from benchmarks.systems import ROOT, System

MEASURED = (
    "start_seconds",
    "fit_seconds",
    "predict_seconds",
    "row_milliseconds",
    "model_megabytes",
    "versions",
    "notes",
)
TAIL = 600
"""Characters of a dead process's last words."""


@dataclass(frozen=True)
class Ended:
    """How a worker ended: what it wrote, what was seen of it, and its answers if it gave any."""

    outcome: dict[str, Any]
    answers: npt.NDArray[np.float64] | None
    peak: int
    wall: float
    late: bool
    words: str


def run(system: System, key: Key, problem: Problem, part: Split, *, budget: float) -> Result:
    """Return what came of it; whatever goes wrong in the system is a result too."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        lay_out(folder, system, key, problem, part, budget=budget)
        ended = _work(folder, system, key.cores, limit=3 * budget + 300)
    return Result(
        key=key,
        task=kind(len(part.labels)),
        metric=METRICS[kind(len(part.labels))],
        rows=len(part.train),
        test_rows=len(part.test),
        columns=len(problem.header) - 1,
        peak_megabytes=round(ended.peak / 1e6, 1),
        wall_seconds=round(ended.wall, 2),
        load=round(load, 2),
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        **{name: ended.outcome[name] for name in MEASURED if name in ended.outcome},
        **_judged(ended, problem, part, budget=key.budget),
    )


def lay_out(
    folder: Path, system: System, key: Key, problem: Problem, part: Split, *, budget: float
) -> None:
    """Write the job, the training rows, and the test rows without their target."""
    job = {
        "system": system.name.partition(":")[0],
        "variant": system.variant,
        "target": problem.target,
        "labels": len(part.labels),
        "budget": budget,
        "seed": key.split,
        "cores": key.cores,
    }
    (folder / "job.json").write_text(json.dumps(job))
    codes = {label: str(code) for code, label in enumerate(part.labels)}
    at = problem.at
    train = ([*row[:at], codes.get(row[at], row[at]), *row[at + 1 :]] for row in part.train)
    test = (row[:at] + row[at + 1 :] for row in part.test)
    write(folder / "train.csv", problem.header, train)
    write(folder / "test.csv", problem.header[:at] + problem.header[at + 1 :], test)


def write(path: Path, header: Row, rows: Iterable[Row]) -> None:
    """Write a CSV file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header])
        csv.writer(file).writerows(rows)


def _work(folder: Path, system: System, cores: int, *, limit: float) -> Ended:
    began, late = time.monotonic(), False
    log = folder / "log.txt"
    with _worker(folder, system, cores, log) as process, Watch(process.pid) as watch:
        try:
            process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            late = True
    wall = time.monotonic() - began
    outcome, answers = folder / "outcome.json", folder / "answers.npy"
    return Ended(
        outcome=json.loads(outcome.read_text()) if outcome.exists() else {"stage": "start"},
        answers=np.load(answers) if answers.exists() else None,
        peak=watch.peak,
        wall=wall,
        late=late,
        words=log.read_text(errors="replace")[-TAIL:],
    )


@contextmanager
def _worker(
    folder: Path, system: System, cores: int, log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    inherited = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 -- for a child program
        if not name.endswith("_NUM_THREADS") and not name.startswith("AUTOML_")
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            [system.python, "-P", "-m", "benchmarks.peers.worker", str(folder)],
            cwd=folder,
            env=inherited | {"PYTHONPATH": str(ROOT)} | system.adapter.variables(cores),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.wait()


def _judged(ended: Ended, problem: Problem, part: Split, *, budget: float | None) -> dict[str, Any]:
    """Return the fields that depend on how it ended."""
    stage, words = ended.outcome["stage"], ended.outcome.get("why")
    if ended.late:
        return {"status": "timeout", "why": f"ended after {ended.wall:.0f} s, at its {stage}"}
    if ended.answers is None or words is not None:
        return {"status": "failed", "why": words or f"died at its {stage}: {ended.words}"}
    try:
        judged = score(_truth(problem, part), ended.answers, labels=len(part.labels))
    except BadAnswers as error:
        return {"status": "failed", "why": str(error)}
    fit, predicted = ended.outcome["fit_seconds"], ended.outcome["predict_seconds"]
    return {
        "status": OK,
        "error": judged.error,
        "scores": judged.scores,
        "overrun": None if budget is None else round(fit - budget, 2),
        "rows_per_second": round(len(part.test) / predicted, 1),
    }


def _truth(problem: Problem, part: Split) -> npt.NDArray[Any]:
    cells = problem.cells(part.test)
    if not part.labels:
        return np.array(cells, dtype=float)
    return np.array([part.labels.index(cell) for cell in cells])
