"""A real dataset through the whole service, from upload to predictions: ``automl demo``."""

import csv
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from automl.client import Client
from automl.client.screen import Screen, leaderboard, status_line
from automl.client.watch import draw, top
from automl.export import predict as standalone
from automl.settings import Settings

UNSEEN = 12
"""Rows kept from the service altogether, to be scored with the downloaded file."""

READY_SECONDS, STOPPED_SECONDS = 120.0, 30.0
"""A service is waited for so long at most: it takes 3 s and 1 s of a machine, but one full of other
work may have little to give."""


class ServiceNotReadyError(RuntimeError):
    """The service ended or did not answer in time; with the end of its log."""


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


@contextmanager
def service(data: Path, say: Callable[[str], None] = lambda _: None) -> Iterator[str]:
    """Run a whole embedded service on a free port and yield its URL; stop it at the end.

    Raises:
        ServiceNotReadyError: it did not come up.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    started = time.monotonic()
    program = shutil.which("automl", path=str(Path(sys.executable).parent)) or "automl"
    log = data.with_suffix(".log").open("wb")
    process = subprocess.Popen(
        [program, "serve", "--port", str(port), "--data-dir", str(data)],
        env=Settings.from_environment(port=port, data_dir=data, url=url).child_environment(),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_ready(url, process, log.name)
        say(f"The service is up after {time.monotonic() - started:.1f} s at {url}")
        yield url
    finally:
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(STOPPED_SECONDS)
        log.close()
        say(f"The service has stopped after {time.monotonic() - started:.1f} s")


def _wait_ready(url: str, process: "subprocess.Popen[bytes]", log: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServiceNotReadyError(f"automl serve ended at once:\n{_end(log)}")
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise ServiceNotReadyError(f"not ready in {READY_SECONDS:g} s:\n{_end(log)}")


def _end(log: str) -> str:
    return Path(log).read_text()[-2000:]


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
