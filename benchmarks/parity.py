"""The model file against the trained ensemble in Python, on every test row of folders of tables.

    python -m benchmarks.parity FOLDER... --budget 30

Every row is scored twice, as it is and with a twentieth of its cells made missing and another
twentieth of its categories unseen. Printed is the largest |a−b| / max(1, max |b|).
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 -- before the libraries load

import numpy as np

from automl import pipeline
from automl.core.catalog import TaskType, TrialState
from automl.core.frame import Floats, Frame
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.data import table
from automl.export import parity
from automl.export.ensemble import trace
from automl.export.portable import Portable
from automl.finish import best_entries, choose
from automl.finish.files import build
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from benchmarks.problem import Problem, load
from benchmarks.run import write
from benchmarks.split import split
from tests.tables import dataset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", help="PATH with meta.json, or PATH:TARGET")
    parser.add_argument("--budget", type=float, default=30.0)
    given = parser.parse_args()
    for folder in given.folders:
        with tempfile.TemporaryDirectory() as name:
            compare(load(folder), given.budget, Path(name))


def compare(problem: Problem, budget: float, folder: Path) -> None:
    part, train, test = split(problem, 0), folder / "train.csv", folder / "test.csv"
    write(train, problem.header, part.train)
    write(test, problem.header, part.test)
    prepared = _prepare(problem, train, folder, budget)
    ends = pipeline.deadline(budget, prepared.plan, started=time.monotonic())
    results = pipeline.search(prepared, slots=2, deadline=ends, watch=lambda _plan, _trials: None)
    entries = [pipeline.entry(r) for r in results if r.trial.state is TrialState.COMPLETE]
    pool = best_entries(prepared.plan, entries)
    predictions = [np.asarray(entry.out_of_fold(), float) for entry in pool]
    file = build(prepared, pool, predictions, choose(prepared, pool, predictions).mixture)
    rows = table.load(dataset(test, folder / "test.parquet")[1], prepared.columns)
    as_is, damaged = (
        parity.difference(file.predict(frame), _trained(prepared, file, frame))
        for frame in (rows, parity.inject(rows, seed=1))
    )
    families = ", ".join(sorted({member.family.value for member in file.members}))
    print(
        f"{problem.name:20} {rows.rows:6} rows: as they are {as_is:.1e}, damaged {damaged:.1e}; "
        f"{len(file.members)} members of {families}; left out: {len(file.excluded)}",
        flush=True,
    )


def _trained(prepared: Prepared, file: Portable, frame: Frame) -> Floats:
    """Return what the trained members say, as the file puts them together."""
    traced = trace(
        prepared.plan,
        prepared.inputs,
        file.members,
        frame,
        file.decision,
        geometric=file.geometric,
    )
    return traced.answers


def _prepare(problem: Problem, train: Path, folder: Path, budget: float) -> Prepared:
    data, parquet = dataset(train, folder / "train.parquet")
    task = TaskType.REGRESSION if problem.task == "regression" else TaskType.CLASSIFICATION
    spec = StudySpec(data.id, TaskSpec(task, problem.target), Budget(seconds=budget))
    return prepare(make_plan(spec, data, parquet), spec, data, parquet)


if __name__ == "__main__":
    main()
