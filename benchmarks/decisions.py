"""What a temperature and a threshold are worth on test rows, on folders of tables.

    python -m benchmarks.decisions FOLDER... --seeds 3 --trials 4

One search a split (75 % to learn from, stratified); its ensemble is then chosen by log loss, F1 and
balanced accuracy in turn, and scored on the test rows as it is and with its decision. Printed is
the error (log loss, 1 − the others) with the decision over that without.
"""

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 -- before the libraries load

import numpy as np
from sklearn.model_selection import train_test_split

from automl import pipeline
from automl.core import metric
from automl.core.catalog import FamilyName, MetricName, TaskType, TrialState
from automl.core.decision import PLAIN
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.export.ensemble import trace
from automl.finish import Entry, best_entries, train_member
from automl.finish.weights import choose, decide, every
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from benchmarks.coverage import FAMILIES
from benchmarks.problem import Problem, load
from benchmarks.run import write
from tests.tables import dataset

METRICS = (MetricName.LOG_LOSS, MetricName.F1, MetricName.BALANCED_ACCURACY)
SPACE = {
    FamilyName.LIGHTGBM.value: {"max_rounds": [150]},
    FamilyName.EXTRA_TREES.value: {"trees": [50]},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", help="PATH with meta.json, or PATH:TARGET")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=4)
    given = parser.parse_args()
    for problem in map(load, given.folders):
        for seed in range(given.seeds):
            with tempfile.TemporaryDirectory() as folder:
                prepared, entries = search(problem, Path(folder), seed, given.trials)
                for name in METRICS:
                    print(
                        f"{problem.name:16} {seed} {compare(prepared, entries, name)}", flush=True
                    )


def search(problem: Problem, folder: Path, seed: int, trials: int) -> tuple[Prepared, list[Entry]]:
    rows = [*problem.rows, *problem.official]
    labels = problem.cells(rows)
    split = train_test_split(rows, test_size=0.25, random_state=seed, stratify=labels)
    sides = []
    for name, side in zip(("train", "test"), split, strict=True):
        path = folder / f"{name}.csv"
        write(path, problem.header, side)
        sides.append(dataset(path, folder / f"{name}.parquet", id=f"ds_{name}"))
    (train, parquet), test = sides
    spec = StudySpec(
        train.id,
        TaskSpec(TaskType.CLASSIFICATION, problem.target, MetricName.LOG_LOSS),
        Budget(trials=trials),
        test_dataset_id=test[0].id,
        families=FAMILIES,
        search_space=SPACE,
        seed=seed,
    )
    prepared = prepare(make_plan(spec, train, parquet, test), spec, train, parquet, test)
    results = pipeline.search(prepared, slots=1, deadline=None, watch=lambda _p, _t: None)
    return prepared, [pipeline.entry(r) for r in results if r.trial.state is TrialState.COMPLETE]


def compare(prepared: Prepared, entries: list[Entry], name: MetricName) -> str:
    prepared = replace(prepared, plan=replace(prepared.plan, metric=name))
    pool = best_entries(replace(prepared.plan, metric=MetricName.LOG_LOSS), entries)
    predictions = [np.asarray(entry.out_of_fold(), float) for entry in pool]
    mixture = choose(prepared, pool, predictions).mixture
    chosen = zip(pool, mixture.weights, strict=True)
    members = [train_member(prepared, entry, weight) for entry, weight in chosen if weight]
    frame, truth = prepared.test or (prepared.frame, prepared.y)
    mean = trace(
        prepared.plan, prepared.inputs, members, frame, geometric=mixture.geometric
    ).answers
    decision = decide(prepared, mixture.of(predictions), every(prepared))
    errors = []
    for choice in (PLAIN, decision):
        answers = choice.probabilities(mean)
        value = metric.score(
            name, truth, answers, positive=prepared.plan.positive, labels=choice.labels(answers)
        )
        errors.append(metric.error(name, value))
    levels = np.round(decision.levels, 3).tolist()[:4]
    return (
        f"{name.value:18} plain {errors[0]:.4f} decided {errors[1]:.4f} ratio"
        f" {errors[1] / errors[0]:.3f}  temperature {decision.temperature} levels {levels}"
    )


if __name__ == "__main__":
    main()
