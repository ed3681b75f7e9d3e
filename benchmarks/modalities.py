"""Images, texts, series and volumes: what a study gets over REST, beside plain baselines.

    python -m benchmarks.modalities FOLDER... --budget 120 --plain

A folder holds ``train.*`` and ``test.*`` files, or one file with its own test part, of any kind
the service takes, and perhaps ``meta.json`` (``task``, ``target``). Each is uploaded to a fresh
embedded service and searched for the budget's seconds; printed are test scores with their
intervals, the members, the file's size and the seconds beyond the budget. ``--plain`` trains what
one would write by hand first: TF-IDF with logistic regression for texts, a small convolutional
network for images and volumes, MiniRocket with a ridge for series.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl.cli.service import service
from automl.client import Client
from benchmarks import plain

Json = Mapping[str, Any]
SHOWN = ("accuracy", "roc_auc", "log_loss", "rmse")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--budget", type=float, default=120.0)
    parser.add_argument("--plain", action="store_true", help="baselines too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, service(Path(name)) as url, Client(url) as client:
        for folder in given.folders:
            train, test, task = inside(folder)
            print(f"{folder.name}: {study(client, train, test, task, given.budget)}", flush=True)
            if given.plain:
                print(f"{folder.name}, plain: {plain.score(train, test, task)}", flush=True)


def inside(folder: Path) -> tuple[Path, Path | None, Json]:
    """Return the file to learn from, the one to test with, if any, and the task."""
    meta = folder / "meta.json"
    facts = json.loads(meta.read_text()) if meta.exists() else {}
    files = sorted(path for path in folder.iterdir() if path != meta and path.is_file())
    train = next((path for path in files if path.name.lower().startswith("train")), files[0])
    test = next((path for path in files if path.name.lower().startswith("test")), None)
    kind = "regression" if facts.get("task") == "regression" else "classification"
    return train, test, {"type": kind, "target": facts.get("target")}


def study(client: Client, train: Path, test: Path | None, task: Json, seconds: float) -> str:
    """Return how a study of that budget ended."""
    dataset = client.upload(train)
    spec = {
        "dataset_id": dataset["id"],
        "task": task if dataset["modality"] in {"table", "text"} else {"type": task["type"]},
        "budget": {"seconds": seconds},
        "test_dataset_id": client.upload(test)["id"] if test else None,
    }
    begun = time.monotonic()
    started = client.start(spec)
    for _ in client.events(started["id"]):
        pass
    ended = client.study(started["id"])
    if ended["model_id"] is None:
        return f"{ended['status']}: {ended['error']}"
    over = ended["progress"]["elapsed_seconds"] - seconds
    model = client.get(f"/v1/models/{ended['model_id']}")
    found = model["test"]["metrics"]
    scores = ", ".join(
        f"{name} {found[name]['value']:.4f} ({found[name]['low']:.4f}–{found[name]['high']:.4f})"
        for name in SHOWN
        if name in found
    )
    members = ", ".join(f"{item['family']} {item['weight']:.2f}" for item in model["members"])
    size = next(item["bytes"] for item in model["formats"] if item["format"] == "onnx")
    return (
        f"{scores} on {model['test']['source']}; {members}; {size / 1e6:.1f} MB;"
        f" clock {over:+.1f} s, wall {time.monotonic() - begun:.0f} s"
    )


if __name__ == "__main__":
    main()
