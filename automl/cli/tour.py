"""A real dataset through the whole service, from upload to predictions: ``automl demo``."""

import csv
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from automl.cli.service import service
from automl.client import Client
from automl.client.screen import Screen, leaderboard, status_line
from automl.client.watch import draw, top
from automl.export import predict as standalone

UNSEEN = 12
"""Rows kept from the service altogether, to be scored with the downloaded file."""


def run(budget: float) -> None:
    """Show the whole service at work on a real dataset, and leave nothing behind.

    Args:
        budget: the study's wall-clock time in seconds.
    """
    console = Console()
    with tempfile.TemporaryDirectory(prefix="automl-demo-") as name:
        folder = Path(name)
        train, test, unseen = _write_files(folder)
        with service(folder / "data", console.print) as url, Client(url) as client:
            study = _study(client, console, train, test, budget)
            _show(client, console, study)
            model = client.download(study["id"], folder / "model.onnx")
            _compare(client, console, study["model_id"], model, unseen)
    console.print()
    console.print("[bold]What next[/bold]")
    program = _program()
    for arguments, meaning in (
        ("serve", "the service, with its live page, and its docs at /docs"),
        ("fit FILE.csv --target COLUMN", "one study of your own, no server"),
        ("predict model.onnx ROWS.csv", "score new rows with its file"),
    ):
        console.print(f"  {program} {arguments:<30} {meaning}", highlight=False)


def _program() -> str:
    """Return how to call ``automl`` from here: by its place where the shell would not find it."""
    if shutil.which("automl"):
        return "automl"
    path = Path(sys.executable).with_name("automl")
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _write_files(folder: Path) -> tuple[Path, Path, Path]:
    """Write the breast cancer set as three CSV files: to train on, to test on, and unseen rows."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    header = [str(name) for name in bunch.feature_names] + ["diagnosis"]
    rows = [
        [*(repr(float(cell)) for cell in cells), str(bunch.target_names[label])]
        for cells, label in zip(bunch.data, bunch.target, strict=True)
    ]
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    shuffled = [rows[index] for index in order]
    parts = {"unseen": shuffled[:UNSEEN], "test": shuffled[UNSEEN:155], "train": shuffled[155:]}
    for name, part in parts.items():
        width = len(header) - (name == "unseen")  # what is unseen has no diagnosis
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header[:width], *(row[:width] for row in part)])
    return folder / "train.csv", folder / "test.csv", folder / "unseen.csv"


def _study(
    client: Client, console: Console, train: Path, test: Path, budget: float
) -> dict[str, Any]:
    """Upload, start, watch live, and return the ended study."""
    dataset, held = client.upload(train), client.upload(test)
    console.print(
        f"Uploaded {train.name}: {dataset['rows']} rows × {len(dataset['columns'])} columns, and "
        f"{held['rows']} test rows that the search never sees"
    )
    study = client.start(
        {
            "dataset_id": dataset["id"],
            "test_dataset_id": held["id"],
            "task": {"type": "classification", "target": "diagnosis"},
            "budget": {"seconds": budget},
        }
    )
    with Screen(console) as screen:
        draw(client, study["id"], screen)
    return client.study(study["id"])


def _show(client: Client, console: Console, study: dict[str, Any]) -> None:
    console.print(status_line(study), highlight=False)
    console.print(leaderboard(study, top(client, study["id"]), width=console.width))
    if study["status"] != "succeeded":
        raise RuntimeError(f"the study ended as {study['status']}: {study['error']}")
    model = client.get(f"/v1/models/{study['model_id']}")
    table = Table(
        "metric",
        "value",
        "95 % interval",
        title="The model on the test rows",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for name, estimate in model["test"]["metrics"].items():
        interval = f"{estimate['low']:.4f} to {estimate['high']:.4f}"
        table.add_row(name, f"{estimate['value']:.4f}", interval)
    console.print(table)
    members = ", ".join(f"{m['weight']:.0%} {m['family']} #{m['trial']}" for m in model["members"])
    console.print(f"Members: {members}")


def _compare(client: Client, console: Console, model_id: str, model: Path, unseen: Path) -> None:
    """Score unseen raw rows here and in the service, and say how far apart they are."""
    answer = subprocess.run(
        [sys.executable, "-I", standalone.__file__, str(unseen), str(model)],
        check=True,
        capture_output=True,
        text=True,
    )
    local = list(csv.reader(answer.stdout.splitlines()))[1:]
    with unseen.open(newline="") as file:
        lines = csv.DictReader(file)
        rows = [{name: float(cell) for name, cell in row.items()} for row in lines]
    remote = client.predict(model_id, rows)
    labels = [row[0] for row in local]
    apart = np.abs(
        np.array([row[1:] for row in local], dtype=float) - np.array(remote["probabilities"])
    ).max()
    console.print(
        f"{model.name} ({model.stat().st_size / 1e6:.2f} MB) scored {len(labels)} unseen rows with "
        f"numpy and onnxruntime alone: {', '.join(labels[:6])} …"
    )
    agree = labels == remote["predictions"] and apart < 1e-6
    verdict = "agree" if agree else "DISAGREE"
    console.print(f"File and service {verdict}: largest difference of a probability {apart:.1e}")
    if not agree:
        raise RuntimeError("the downloaded file and the service gave different predictions")
