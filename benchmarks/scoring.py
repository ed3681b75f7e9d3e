"""How fast model files score, by CPU time, against LightGBM's own prediction.

    python -m benchmarks.scoring FOLDER... --budget 60

One study a folder, as ``automl fit`` runs it, and LightGBM's defaults on the same rows; both score
the test rows, again and again, on one thread. CPU time hardly depends on what else the machine
does, unlike the clock. A line is: set, error, size, one row, rows a second of the file, of
LightGBM's defaults (from a matrix of codes, where the file starts from cells) and their ratio, and
the members. The file's rows a second on two cores are twice those of one: its blocks of
rows know nothing of each other.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 -- before the libraries load

import lightgbm
import numpy as np
import numpy.typing as npt

from automl import pipeline
from automl.core.catalog import ExportFormat, TaskType
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.data import rows as data_rows
from automl.export.scoring import Scorer
from automl.finish import Finished
from benchmarks.peers.frames import categorical, levels, read
from benchmarks.problem import Problem, load
from benchmarks.run import write
from benchmarks.scores import METRICS, kind, score
from benchmarks.split import Split, split
from tests.tables import dataset

BATCH = 4_096
LEAST = 0.5
"""CPU seconds of each measurement."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", help="PATH with meta.json, or PATH:TARGET")
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--slots", type=int, default=2)
    given = parser.parse_args()
    for folder in given.folders:
        with tempfile.TemporaryDirectory() as name:
            print(compare(load(folder), given.budget, given.slots, Path(name)), flush=True)


def compare(problem: Problem, budget: float, slots: int, folder: Path) -> str:
    """Return a line of what a study's file takes, and LightGBM's defaults."""
    part, train, test = split(problem, 0), folder / "train.csv", folder / "test.csv"
    write(train, problem.header, part.train)
    write(test, problem.header, part.test)
    finished = study(problem, train, budget, slots, folder)
    scorer = Scorer(finished.files[ExportFormat.ONNX], threads=1)
    feeds = data_rows.from_file(test, scorer.inputs)
    scores = scorer.predict(feeds)
    answer = scores.predictions if scores.probabilities is None else scores.probabilities
    error = score(
        truth(problem, part),
        np.asarray(answer, float)[..., places(part, scorer)],
        labels=len(part.labels),
    ).error
    many = {column: np.resize(cells, (BATCH, 1)) for column, cells in feeds.items()}
    row = {column: cells[:1] for column, cells in feeds.items()}
    whole, theirs = cpu(lambda: scorer.predict(many)), lightgbm_defaults(problem, train)
    cells = [
        problem.name,
        f"{METRICS[kind(len(part.labels))]} {error:.5g}",
        f"{len(finished.files[ExportFormat.ONNX]) / 1e6:.1f} MB",
        f"{1e3 * cpu(lambda: scorer.predict(row)):.2f} ms",
        f"{BATCH / whole:,.0f}",
        f"{BATCH / theirs:,.0f}",
        f"{theirs / whole:.2f}",
        ", ".join(f"{member.weight:.2f} {member.family.value}" for member in finished.card.members),
    ]
    return f"| {' | '.join(cells)} |"


def study(problem: Problem, train: Path, budget: float, slots: int, folder: Path) -> Finished:
    """Return what a study of the training rows ends with."""
    data, table = dataset(train, folder / "train.parquet")
    task = TaskType.REGRESSION if problem.regression else TaskType.CLASSIFICATION
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


def truth(problem: Problem, part: Split) -> npt.NDArray[Any]:
    """Return the test rows' numbers, or the codes of their classes."""
    cells = problem.cells(part.test)
    return np.array([part.labels.index(cell) if part.labels else float(cell) for cell in cells])


def places(part: Split, scorer: Scorer) -> Any:
    """Return where the file answers for each class."""
    said = [str(label) for label in scorer.classes]
    return [said.index(label) for label in part.labels] if part.labels else slice(None)


def lightgbm_defaults(problem: Problem, train: Path) -> float:
    """Return the CPU seconds that LightGBM's defaults take for as many rows."""
    frame = read(train)
    y, x = frame[problem.target], frame.drop(columns=problem.target)
    x = categorical(x, levels(x)).set_axis([f"c{i}" for i in range(x.shape[1])], axis=1)
    model = lightgbm.LGBMRegressor if problem.regression else lightgbm.LGBMClassifier
    fitted = model(verbose=-1, n_jobs=1).fit(x, y)
    codes = x.apply(lambda column: column.cat.codes if column.dtype == "category" else column)
    many = np.resize(codes.to_numpy(float), (BATCH, x.shape[1]))
    return cpu(lambda: fitted.booster_.predict(many, num_threads=1))


if __name__ == "__main__":
    main()
