"""What each candidate predicts and takes on folders of tables: the food of the portfolio.

    python -m benchmarks.candidates FOLDER... --out FOLDER [--rows 12000]

One file a set and candidate: out-of-fold predictions, those for the test rows, seconds of one
thread. What is there is left alone, so a run that was ended goes on, and a new candidate costs
only itself. `benchmarks.portfolio` reads them.
"""

import argparse
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 -- before the libraries load

import numpy as np
import numpy.typing as npt

from automl import families, tasks
from automl.core.catalog import FamilyName, TaskType
from automl.core.errors import TrialError
from automl.core.frame import Floats, Frame
from automl.core.hyperparameter import Value
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.core.trial import Candidate
from automl.data import table
from automl.data.target import labels_in
from automl.search import portfolio
from automl.search.control import Deadline
from automl.search.evaluate import Evaluation, evaluate, fits, load_fit
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from automl.search.spaces import planned
from benchmarks.problem import Problem, load
from benchmarks.run import write
from benchmarks.split import Split, split
from tests.tables import dataset

Change = dict[str, Value]

VARIANTS: dict[FamilyName, tuple[Change, ...]] = {
    FamilyName.LIGHTGBM: (
        {"num_leaves": 128, "min_data_in_leaf": 5, "feature_fraction": 0.7},
        {"num_leaves": 8, "learning_rate": 0.1, "feature_fraction": 0.7},
        {"extra_trees": True, "num_leaves": 255, "min_data_in_leaf": 3, "learning_rate": 0.07},
        {"num_leaves": 128, "feature_fraction": 0.6, "bagging_fraction": 0.8},
        {"num_leaves": 64, "feature_fraction": 0.5, "bagging_fraction": 0.8, "lambda_l2": 3.0},
    ),
    FamilyName.CATBOOST: (
        {"learning_rate": 0.1},
        {"depth": 8, "learning_rate": 0.1},
        {"depth": 4, "learning_rate": 0.1, "l2_leaf_reg": 10.0},
        {"learning_rate": 0.1, "leaf_estimation_iterations": 5},
    ),
}
"""Tried beside every family's defaults and the portfolio's own candidates."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", help="see benchmarks.problem")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=12_000, help="train on at most so many")
    parser.add_argument("--families", nargs="+", type=FamilyName, help="only these")
    given = parser.parse_args()
    for folder in given.folders:
        with tempfile.TemporaryDirectory() as name:
            measure(load(folder), given.rows, given.families, given.out, Path(name))


def measure(
    problem: Problem, rows: int, wanted: Sequence[FamilyName] | None, out: Path, folder: Path
) -> None:
    """Write down the predictions of every candidate of those families for one set."""
    part = split(problem, 0)
    if len(part.train) > rows:
        chosen = np.random.default_rng(0).permutation(len(part.train))[:rows]
        part = replace(part, train=[part.train[i] for i in np.sort(chosen)])
    prepared, rest, truth = _prepare(problem, part, folder)
    place = out / problem.name
    place.mkdir(parents=True, exist_ok=True)
    np.savez(place / "truth.npz", oof=prepared.y[prepared.judged], test=truth)
    kind = {"metric": prepared.plan.metric.value, "rows": prepared.plan.rows}
    (place / "set.json").write_text(
        json.dumps(
            kind | {"outputs": prepared.plan.outputs, "categories": prepared.plan.categories}
        )
    )
    for candidate in candidates(prepared):
        file = place / f"{label(candidate)}.npz"
        if file.exists() or (wanted and candidate.family not in wanted):
            continue
        started = time.process_time()
        try:
            evaluation = evaluate(prepared, candidate, Deadline(None))
        except TrialError as error:
            print(f"{problem.name:20} {label(candidate)} failed: {error}", flush=True)
            continue
        seconds = time.process_time() - started
        predicted = _predict(prepared, candidate, evaluation, rest)
        on_test = prepared.score(truth, predicted)
        np.savez(
            file,
            oof=evaluation.out_of_fold,
            test=predicted.astype(np.float32),
            seconds=seconds,
            value=evaluation.value,
            test_value=on_test,
            candidate=json.dumps([candidate.family.value, dict(candidate.params)]),
        )
        print(
            f"{problem.name:20} {label(candidate):28} {seconds:7.1f} s"
            f"  out of fold {evaluation.value:.5f}  test {on_test:.5f}",
            flush=True,
        )


def candidates(prepared: Prepared) -> list[Candidate]:
    """Return the portfolio's candidates, every family's defaults and `VARIANTS`, each once."""
    plan, spec = prepared.plan, prepared.spec
    found = list(portfolio.portfolio(spec, plan))
    for name in plan.families:
        dimensions = planned(spec, plan, name)
        for change in ({}, *VARIANTS.get(name, ())):
            params: dict[str, Value] = {}
            for item in dimensions:
                if item.active(params):
                    wished = change.get(item.name, item.default)
                    params[item.name] = wished if item.allows(wished) else item.default
            found.append(Candidate(name, params))
    return [each for index, each in enumerate(found) if each not in found[:index]]


def label(candidate: Candidate) -> str:
    """Return a short name that is a function of the recipe."""
    recipe = json.dumps(dict(candidate.params), sort_keys=True)
    return f"{candidate.family.value}-{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"


def _prepare(
    problem: Problem, part: Split, folder: Path
) -> tuple[Prepared, Frame, npt.NDArray[Any]]:
    """Return the training rows as a study has them, the test rows and their targets."""
    names = folder / "train.csv", folder / "test.csv"
    for path, rows in zip(names, (part.train, part.test), strict=True):
        write(path, problem.header, rows)
    made, train = dataset(names[0], folder / "train.parquet")
    test = dataset(names[1], folder / "test.parquet")[1]
    target = made.column(problem.target)
    if target is None:
        raise ValueError(f"{problem.name} has no column {problem.target!r}")
    kind = TaskType.REGRESSION if problem.regression else TaskType.CLASSIFICATION
    task = TaskSpec(kind, problem.target)
    spec = StudySpec(made.id, task, Budget(trials=1), validation=Validation(test_fraction=0.0))
    prepared = prepare(make_plan(spec, made, train), spec, made, train)
    truth = labels_in(test, target, kind, prepared.plan.classes)
    return prepared, table.load(test, prepared.columns), truth


def _predict(
    prepared: Prepared, candidate: Candidate, evaluation: Evaluation, rest: Frame
) -> Floats:
    """Return the mean of the folds' predictions, or the one fit's."""
    task, total = tasks.load(prepared.plan.task), []
    for index, state in fits(evaluation.fitted):
        encoder, scale = prepared.fitted(index, candidate)
        raw = load_fit(candidate, state).predict(encoder.transform(rest))
        total.append(task.decode(raw, scale))
    mean: Floats = np.mean(total, axis=0)
    return mean


if __name__ == "__main__":
    families.specs()
    main()
