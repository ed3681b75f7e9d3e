"""How fast model files score, by CPU time, against LightGBM's own prediction.

    python -m benchmarks.scoring FOLDER... --budget 60

One study a folder, as ``automl fit`` runs it, and LightGBM's defaults on the same rows; both score
the test rows, again and again, on one thread. CPU time hardly depends on what else the machine
does, unlike the clock. The file's rows a second on two cores are twice those of one: its blocks of
rows know nothing of each other.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 -- before the libraries load

import lightgbm
import numpy as np

from automl import pipeline
from automl.core.catalog import ExportFormat, TaskType
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.data import rows as data_rows
from automl.export.scoring import Scorer
from automl.finish import Finished
from benchmarks.tables import Problem, _matrix, load, score, write
from tests.tables import dataset

BATCH = 4_096
LEAST = 0.5
"""CPU seconds of each measurement."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--slots", type=int, default=2)
    given = parser.parse_args()
    for folder in given.folders:
        with tempfile.TemporaryDirectory() as name:
            print(compare(load(folder), given.budget, given.slots, Path(name)), flush=True)


def compare(problem: Problem, budget: float, slots: int, folder: Path) -> str:
    """Return a line of what a study's file takes, and LightGBM's defaults."""
    train, test = write(problem, folder)
    finished = study(problem, train, budget, slots, folder)
    scorer = Scorer(finished.files[ExportFormat.ONNX], threads=1)
    feeds = data_rows.from_file(test, scorer.inputs)
    scores = scorer.predict(feeds)
    answer = scores.predictions if scores.probabilities is None else scores.probabilities
    name, error = score(
        problem, [str(label) for label in scorer.classes], np.asarray(answer, float)
    )
    many = {column: np.resize(cells, (BATCH, 1)) for column, cells in feeds.items()}
    row = {column: cells[:1] for column, cells in feeds.items()}
    whole, theirs = cpu(lambda: scorer.predict(many)), lightgbm_defaults(problem)
    cells = [
        problem.name,
        f"{name} {error:.5g}",
        f"{len(finished.files[ExportFormat.ONNX]) / 1e6:.1f} MB",
        f"{1e3 * cpu(lambda: scorer.predict(row)):.2f} ms",
        f"{BATCH / whole:,.0f}",
        f"{theirs / whole:.2f}",
        ", ".join(f"{member.weight:.2f} {member.family.value}" for member in finished.card.members),
    ]
    return f"| {' | '.join(cells)} |"


def study(problem: Problem, train: Path, budget: float, slots: int, folder: Path) -> Finished:
    """Return what a study of the training rows ends with."""
    data, table = dataset(train, folder / "train.parquet")
    task = TaskType.REGRESSION if problem.task == "regression" else TaskType.CLASSIFICATION
    spec = StudySpec(data.id, TaskSpec(task, problem.target), Budget(seconds=budget))
    return pipeline.fit(spec, data, table, slots=slots).finished


def cpu(call: Callable[[], object]) -> float:
    """Return the median CPU seconds of a call."""
    call()
    taken: list[float] = []
    while sum(taken) < LEAST or len(taken) < 5:
        begun = time.process_time()
        call()
        taken.append(time.process_time() - begun)
    return float(np.median(taken))


def lightgbm_defaults(problem: Problem) -> float:
    """Return the CPU seconds that LightGBM's defaults take for as many rows."""
    x, categorical = _matrix(problem, problem.train)
    y = np.array([row[problem.at] for row in problem.train])
    if problem.task == "regression":
        model = lightgbm.LGBMRegressor(verbose=-1, n_jobs=1)
        model.fit(x, y.astype(float), categorical_feature=categorical)
    else:
        model = lightgbm.LGBMClassifier(verbose=-1, n_jobs=1)
        model.fit(x, y, categorical_feature=categorical)
    many = np.resize(x, (BATCH, x.shape[1]))
    return cpu(lambda: model.booster_.predict(many, num_threads=1))


if __name__ == "__main__":
    main()
