"""Do the 95 % intervals of a study hold the truth? Many small studies of a large table.

    python -m benchmarks.coverage [FOLDER...] --studies 40 --rows 400 --trials 3

Each study gets rows drawn from the table; the rows left, at most 20,000, tell what its model file
is truly worth. Both sources of the estimate are judged: a test part of a quarter, and cross-fitted
out-of-fold rows. Folders are as in ``benchmarks.problem``; without one, tables are generated.
Printed is a line a metric: the share of studies whose interval held the truth, the share whose
interval was too hopeful, and how far the value was off in half-widths of the interval, on average
(above zero: too hopeful). Results are kept in ``--out``, so a run that was ended goes on.
"""

import argparse
import csv
import json
import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 -- before the libraries load

import numpy as np

from automl import pipeline
from automl.core import metric
from automl.core.catalog import FamilyName, MetricName, TaskType, TrialState
from automl.core.model import Estimate
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.data import table
from automl.data.target import labels_in
from automl.export.portable import Portable
from automl.finish import best_entries, choose
from automl.finish.estimate import intervals, judge
from automl.finish.within import within
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from benchmarks.problem import Problem, Row, load
from tests.tables import dataset

SOURCES = {"test": 0.25, "out_of_fold": 0.0}
MOST_LEFT = 20_000
FAMILIES = (FamilyName.LINEAR, FamilyName.LIGHTGBM, FamilyName.EXTRA_TREES)
SPACE: dict[str, dict[str, Any]] = {
    "lightgbm": {"max_rounds": [60], "num_leaves": {"low": 4, "high": 31}},
    "extra_trees": {"trees": [30]},
}
"""Cheap candidates: what is measured are intervals, not accuracy."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folders", nargs="*", metavar="FOLDER", help="PATH with meta.json, or PATH:TARGET"
    )
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--metric", help="what the studies choose by; else the task's default")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    done = json.loads(given.out.read_text()) if given.out and given.out.exists() else {}
    for problem in map(load, given.folders) if given.folders else generated():
        for source in SOURCES:
            for number in range(given.studies):
                key = f"{problem.name}/{source}/{given.rows}/{given.metric}/{number}"
                if key not in done:
                    done[key] = study(problem, source, number, given)
                    if given.out:
                        given.out.write_text(json.dumps(done))
            prefix = f"{problem.name}/{source}/{given.rows}/{given.metric}/"
            show(prefix, [result for key, result in done.items() if key.startswith(prefix)])


def generated(rows: int = 25_000) -> list[Problem]:
    """Return two classes of which one is rare, a number, and five classes; noise in all."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 8))
    signal = x[:, 0] + 0.7 * x[:, 1] * x[:, 2] + np.sin(2 * x[:, 3]) + random.normal(size=rows)
    edges = np.quantile(signal, [0.2, 0.4, 0.6, 0.8])
    targets = {
        "two classes": ("classification", np.where(signal > 1.8, "yes", "no")),
        "a number": ("regression", np.round(np.exp(signal / 2), 4).astype(str)),
        "five classes": ("classification", np.digitize(signal, edges).astype(str)),
    }
    header = [*(f"x{index}" for index in range(x.shape[1])), "y"]
    cells = np.round(x, 3).astype(str).tolist()
    return [
        Problem(
            name, task, "y", header, [[*row, y] for row, y in zip(cells, target, strict=True)], []
        )
        for name, (task, target) in targets.items()
    ]


def study(problem: Problem, source: str, number: int, given: argparse.Namespace) -> dict[str, Any]:
    """Return each metric's value, interval and truth for one study of drawn rows."""
    every = [*problem.rows, *problem.official]
    order = np.random.default_rng(number).permutation(len(every))
    drawn, left = order[: given.rows], order[given.rows :][:MOST_LEFT]
    with tempfile.TemporaryDirectory() as name:
        path = _written(Path(name) / "drawn.csv", problem, every, drawn)
        prepared = _prepare(problem, path, source, number, given)
        file, estimates = _ended(prepared)
        path = _written(Path(name) / "left.csv", problem, every, left)
        truths = _truths(prepared, file, path)
    return {
        key.value: _compared(estimate, truths[key], maximize=metric.maximize(key))
        for key, estimate in estimates.items()
    }


def _ended(prepared: Prepared) -> tuple[Portable, dict[MetricName, Estimate]]:
    """Return the model and its estimates, as ``finish`` makes them."""
    results = pipeline.search(prepared, slots=1, deadline=None, watch=lambda _p, _t: None)
    entries = [pipeline.entry(r) for r in results if r.trial.state is TrialState.COMPLETE]
    pool = best_entries(prepared.plan, entries)
    predictions = [np.asarray(entry.out_of_fold(), float) for entry in pool]
    file, chosen, kept = within(prepared, pool, predictions, choose(prepared, pool, predictions))
    some = [pool[index] for index in kept], [predictions[index] for index in kept]
    return file, intervals(prepared, judge(prepared, file, *some, chosen))


def _truths(prepared: Prepared, file: Portable, path: Path) -> dict[MetricName, float]:
    """Return what the model file is worth on the rows left."""
    rest, parquet = dataset(path, path.with_suffix(".parquet"))
    plan = prepared.plan
    target = next(column for column in rest.columns if column.name == plan.target)
    truth = labels_in(parquet, target, plan.task, plan.classes)
    known = np.flatnonzero(truth >= 0 if plan.classes else ~np.isnan(truth))
    answers = file.predict(table.load(parquet, prepared.columns).take(known))
    labels = file.decision.labels(answers)
    return {
        key: metric.score(key, truth[known], answers, positive=plan.positive, labels=labels)
        for key in metric.allowed(plan.task, len(plan.classes))
    }


def _written(path: Path, problem: Problem, every: list[Row], rows: Any) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([problem.header, *(every[row] for row in rows)])
    return path


def _prepare(
    problem: Problem, path: Path, source: str, number: int, given: argparse.Namespace
) -> Prepared:
    data, parquet = dataset(path, path.with_suffix(".parquet"))
    task = TaskType.REGRESSION if problem.regression else TaskType.CLASSIFICATION
    spec = StudySpec(
        data.id,
        TaskSpec(task, problem.target, given.metric and MetricName(given.metric)),
        Budget(trials=given.trials),
        families=FAMILIES,
        search_space=SPACE,
        validation=Validation(test_fraction=SOURCES[source]),
        seed=number,
    )
    return prepare(make_plan(spec, data, parquet), spec, data, parquet)


def _compared(estimate: Estimate, truth: float, *, maximize: bool) -> dict[str, float]:
    half = (estimate.high - estimate.low) / 2
    off = (estimate.value - truth) * (1 if maximize else -1)
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "truth": truth,
        "off": off / half if half else 0.0,
    }


def show(prefix: str, results: list[dict[str, dict[str, float]]]) -> None:
    by_metric: dict[str, list[dict[str, float]]] = defaultdict(list)
    for result in results:
        for name, item in result.items():
            by_metric[name].append(item)
    for name, items in by_metric.items():
        held = [item["low"] <= item["truth"] <= item["high"] for item in items]
        hopeful = [not ok and item["off"] > 0 for ok, item in zip(held, items, strict=True)]
        print(
            f"{prefix} {name:18} {len(items):4} studies: {np.mean(held):.0%} held, "
            f"{np.mean(hopeful):.0%} too hopeful; off by {np.mean([i['off'] for i in items]):+.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
