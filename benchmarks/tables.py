"""Ours over REST against LightGBM's defaults, on folders of tables, in one run.

    python -m benchmarks.tables FOLDER... --budget 60 --out results.json

A folder holds ``meta.json`` (``target``, ``task``: binary, multiclass or regression) and either
``train.csv`` and ``test.csv`` or ``data.csv`` (also gzipped), of which 25 % are held out,
stratified, seed 0. The test rows are scored with the downloaded file. Sets that the ``--out`` file
has already are left alone, so a run that was ended goes on.
"""

import argparse
import csv
import gzip
import io
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from automl.cli.demo import service
from automl.client import Client
from automl.data import rows as data_rows
from automl.export.scoring import Scorer

MISSING = {"", "NA", "N/A", "NaN", "nan", "null", "None", "?"}
Row = list[str]


@dataclass(frozen=True)
class Problem:
    """A folder's rows as text, split."""

    name: str
    task: str
    target: str
    header: Row
    train: list[Row]
    test: list[Row]

    @property
    def at(self) -> int:
        return self.header.index(self.target)


def load(folder: Path) -> Problem:
    meta = json.loads((folder / "meta.json").read_text())
    target, task = meta["target"], meta["task"]
    files = {path.name.split(".")[0]: path for path in folder.glob("*.csv*")}
    if "train" in files:
        header, train = _rows(files["train"], target)
        test = _rows(files["test"], target)[1]
    else:
        header, every = _rows(files["data"], target)
        labels = [row[header.index(target)] for row in every]
        train, test = train_test_split(
            every,
            test_size=0.25,
            random_state=0,
            stratify=None if task == "regression" else labels,
        )
    return Problem(meta["name"], task, target, header, train, test)


def _rows(path: Path, target: str) -> tuple[Row, list[Row]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    header, *found = list(csv.reader(io.StringIO(text, newline="")))
    return header, [row for row in found if row[header.index(target)]]


def score(problem: Problem, classes: list[str], predicted: np.ndarray) -> tuple[str, float]:
    """Return the metric's name and value, lower is better for all (1 − AUC)."""
    truth = [row[problem.at] for row in problem.test]
    if problem.task == "regression":
        error = np.array(truth, dtype=float) - predicted.ravel()
        return "rmse", float(np.sqrt(np.mean(error**2)))
    index = np.array([classes.index(label) for label in truth])
    if problem.task == "binary":
        return "1-auc", 1 - float(roc_auc_score(index, predicted[:, 1]))
    return "log_loss", float(log_loss(index, predicted, labels=list(range(len(classes)))))


def lightgbm_defaults(problem: Problem) -> dict[str, Any]:
    """Train LightGBM with its defaults; text columns as its own categorical type."""
    import lightgbm

    x, categorical = _matrix(problem, problem.train)
    z, _ = _matrix(problem, problem.test)
    y = [row[problem.at] for row in problem.train]
    started = time.monotonic()
    if problem.task == "regression":
        model = lightgbm.LGBMRegressor(verbose=-1, random_state=0)
        model.fit(x, np.array(y, dtype=float), categorical_feature=categorical)
        return _scored(problem, [], model.predict(z), started)
    model = lightgbm.LGBMClassifier(verbose=-1, random_state=0)
    model.fit(x, np.array(y), categorical_feature=categorical)
    return _scored(
        problem, [str(label) for label in model.classes_], model.predict_proba(z), started
    )


def _scored(
    problem: Problem, classes: list[str], predicted: np.ndarray, started: float
) -> dict[str, Any]:
    seconds = time.monotonic() - started
    name, value = score(problem, classes, predicted)
    return {"metric": name, "error": value, "seconds": round(seconds, 2)}


def _matrix(problem: Problem, some: list[Row]) -> tuple[np.ndarray, list[int]]:
    columns, categorical = [], []
    for index in range(len(problem.header)):
        if index == problem.at:
            continue
        cells = [row[index] for row in problem.train]
        try:
            for cell in cells:
                _number(cell)
            columns.append([_number(row[index]) for row in some])
        except ValueError:
            levels = {value: code for code, value in enumerate(sorted(set(cells) - {""}))}
            categorical.append(len(columns))
            columns.append([levels.get(row[index], np.nan) for row in some])
    return np.array(columns, dtype=float).T, categorical


def _number(cell: str) -> float:
    return np.nan if cell.strip() in MISSING else float(cell)


def ours(client: Client, problem: Problem, budget: float, folder: Path) -> dict[str, Any]:
    """Run a study over REST, download the model and score the test rows with the file."""
    train, test = write(problem, folder)
    task = "regression" if problem.task == "regression" else "classification"
    body = {
        "dataset_id": client.upload(train)["id"],
        "task": {"type": task, "target": problem.target},
        "budget": {"seconds": budget},
    }
    started = time.monotonic()
    study = client.start(body)
    for _ in client.events(study["id"]):
        pass
    seconds = time.monotonic() - started
    study = client.study(study["id"])
    if study["status"] != "succeeded":
        return {"metric": "", "error": float("nan"), "seconds": seconds, "why": study["error"]}
    model = client.get(f"/v1/models/{study['model_id']}")
    path = client.download(study["id"], folder / "model.onnx")
    return {
        **_tested(problem, model, path, test),
        "estimate": model["test"]["metrics"][study["metric"]["name"]],
        "source": model["test"]["source"],
        "seconds": round(seconds, 2),
        "overrun": round(study["progress"]["elapsed_seconds"] - budget, 2),
        "trials": study["progress"]["trials"],
        "members": [(m["family"], round(m["weight"], 2)) for m in model["members"]],
        "megabytes": round(path.stat().st_size / 1e6, 2),
    }


def _tested(problem: Problem, model: dict[str, Any], path: Path, test: Path) -> dict[str, Any]:
    scorer = Scorer(path)
    feeds = data_rows.from_file(test, scorer.inputs)
    began = time.monotonic()
    scores = scorer.predict(feeds)
    speed = len(problem.test) / (time.monotonic() - began)
    answer = scores.predictions if scores.probabilities is None else scores.probabilities
    classes = [str(label) for label in model["classes"] or []]
    name, value = score(problem, classes, np.asarray(answer, float))
    parity = scorer.metadata.card.parity
    return {"metric": name, "error": value, "parity": parity, "rows_per_second": round(speed)}


def write(problem: Problem, folder: Path) -> tuple[Path, Path]:
    """Write the training rows, and the test rows without their target."""
    train, test = folder / "train.csv", folder / "test.csv"
    for path, some in ((train, problem.train), (test, problem.test)):
        keep = [i for i in range(len(problem.header)) if path is train or i != problem.at]
        with path.open("w", newline="") as file:
            rows = [[row[i] for i in keep] for row in [problem.header, *some]]
            csv.writer(file).writerows(rows)
    return train, test


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    results = json.loads(given.out.read_text()) if given.out and given.out.exists() else []
    known = {result["set"] for result in results}
    problems = [problem for problem in map(load, given.folders) if problem.name not in known]
    with (
        tempfile.TemporaryDirectory() as name,
        service(Path(name) / "data") as url,
        Client(url) as client,
    ):
        for problem in problems:
            results.append(compare(client, problem, given.budget, Path(name)))
            if given.out:
                given.out.write_text(json.dumps(results, indent=1))


def compare(client: Client, problem: Problem, budget: float, folder: Path) -> dict[str, Any]:
    """Return both results and print a line of them."""
    reference = lightgbm_defaults(problem)
    result = ours(client, problem, budget, folder)
    ratio = result["error"] / reference["error"]
    print(
        f"{problem.name:20} {result['metric']:9} ours {result['error']:<10.5g}"
        f" LightGBM {reference['error']:<10.5g} ratio {ratio:.3f}  {result}",
        flush=True,
    )
    return {"set": problem.name, "ours": result, "lightgbm": reference}


if __name__ == "__main__":
    main()
