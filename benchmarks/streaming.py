"""Images of more bytes than the service may take: the memory of a study that learns from them.

    AUTOML_MAX_UPLOAD_BYTES=4000000000 python -m benchmarks.streaming --gigabytes 3 --seconds 240

Generates stripes of random phase in noise, whose direction is the class, uploads them to a fresh
embedded service and has a convolutional network learn them. Proportional memory (PSS) of all the
service's processes together is sampled twice a second; the most of each stage is printed, and what
the model says of images that the study did not have.
"""

import argparse
import contextlib
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from automl.cli.service import service
from automl.client import Client
from benchmarks.memory import SECONDS, size

CLASSES = 4
UNSEEN = 200
BLOCK = 512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=3.0)
    parser.add_argument("--side", type=int, default=128, help="pixels of a side")
    parser.add_argument("--seconds", type=float, default=240.0, help="of the study")
    parser.add_argument("--family", default="resnet")
    given = parser.parse_args()
    rows = int(given.gigabytes * 1e9 / (given.side**2 * 3))
    with tempfile.TemporaryDirectory() as name:
        folder, stripes = Path(name), Stripes(given.side)
        save(folder / "stripes.npz", stripes, rows)
        print(f"{rows:,} images of {given.side} × {given.side} × 3", flush=True)
        with service(folder / "data", print) as url, Client(url) as client:
            with most("upload and ingest"):
                dataset = client.upload(folder / "stripes.npz")
            (folder / "stripes.npz").unlink()
            with most("study"):
                study = learn(client, dataset["id"], given.family, given.seconds)
            over = study["progress"]["elapsed_seconds"] - given.seconds
            print(f"{study['status']}, clock {over:+.1f} s, {study['error'] or ''}", flush=True)
            for trial in client.get(f"/v1/studies/{study['id']}/trials")["items"]:
                keys = ("number", "state", "value", "seconds", "epochs", "message")
                print({key: trial.get(key) for key in keys})
            if study["model_id"]:
                with most("predictions"):
                    judge(client, study["model_id"], stripes)


class Stripes:
    """Images of stripes in noise, drawn as they are asked for."""

    def __init__(self, side: int) -> None:
        """Draw the stripes, 16 of each class."""
        self._random = np.random.default_rng(0)
        down, across = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
        self._stripes = np.stack([self._drawn(down, across, kind) for kind in range(CLASSES * 16)])

    def images(self, rows: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """Return images ``(rows, side, side, 3)`` and their classes."""
        drawn = self._random.integers(0, len(self._stripes), rows)
        side = self._stripes.shape[1]
        noise = self._random.integers(0, 192, (rows, side, side, 3), np.uint8)
        return noise + self._stripes[drawn][..., None], drawn % CLASSES

    def _drawn(
        self, down: npt.NDArray[np.int64], across: npt.NDArray[np.int64], kind: int
    ) -> npt.NDArray[np.uint8]:
        angle = np.pi * (kind % CLASSES) / CLASSES
        period, phase = self._random.uniform(4, 10), self._random.uniform(0, 2 * np.pi)
        along = down * np.cos(angle) + across * np.sin(angle)
        waves = np.sin(2 * np.pi * along / period + phase)
        drawn: npt.NDArray[np.uint8] = (31 * (1 + waves)).astype(np.uint8)
        return drawn


def save(path: Path, stripes: Stripes, rows: int) -> None:
    """Write the images to an .npz file, a block at a time."""
    labels: list[npt.NDArray[np.int64]] = []
    first, _ = stripes.images(1)
    with zipfile.ZipFile(path, "w", allowZip64=True) as package:
        with package.open("X.npy", "w", force_zip64=True) as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (rows, *first.shape[1:])}
            np.lib.format.write_array_header_1_0(file, header)
            for start in range(0, rows, BLOCK):
                x, y = stripes.images(min(BLOCK, rows - start))
                file.write(x.data)
                labels.append(y)
        with package.open("y.npy", "w") as file:
            np.lib.format.write_array(file, np.concatenate(labels))


def learn(client: Client, dataset: str, family: str, seconds: float) -> dict[str, Any]:
    """Return a study of one family that has ended."""
    body = {
        "dataset_id": dataset,
        "task": {"type": "classification"},
        "families": [family],
        "budget": {"seconds": seconds},
    }
    started = client.start(body)
    print(started["plan"], flush=True)
    for _ in client.events(started["id"]):
        pass
    return dict(client.study(started["id"]))


def judge(client: Client, model: str, stripes: Stripes) -> None:
    """Print how many unseen images the model names rightly."""
    x, y = stripes.images(UNSEEN)
    named = np.array(client.predict_file(model, x)["predictions"])
    right = np.mean(named == y)
    print(f"{right:.3f} of {UNSEEN} unseen images named rightly; {1 / CLASSES} is chance")
    value = client.get(f"/v1/models/{model}")["test"]["metrics"]["accuracy"]
    print(f"accuracy that the study foretold: {value}")


@contextlib.contextmanager
def most(what: str) -> Iterator[None]:
    """Print the seconds of a stage, and the most memory that the service's processes had in it."""
    peak, ended, begun = [0], threading.Event(), time.monotonic()

    def sample() -> None:
        while not ended.wait(SECONDS):
            peak[0] = max(peak[0], sum(map(size, psutil.Process().children(recursive=True))))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        seconds = time.monotonic() - begun
        print(f"{what}: {seconds:.0f} s, {peak[0] / 1e6:.0f} MB at most", flush=True)


if __name__ == "__main__":
    main()
