"""The service that is measured: ``automl serve`` with a folder of its own for temporary files."""

import csv
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.service import Service, serve
from tests.torture.remains import remains

DATA, TEMPORARY = "data", "tmp"


@contextmanager
def running(
    folder: Path, *, workers: int = 2, within: Sequence[str] = (), **environment: str
) -> Iterator[Service]:
    """Run a service in ``folder`` until the block ends; ``environment`` is added to its own."""
    temporary = folder / TEMPORARY
    temporary.mkdir(exist_ok=True)
    given = {"TMPDIR": str(temporary), **environment}
    with serve(folder / DATA, workers=workers, environment=given, within=within) as service:
        yield service


def left(service: Service) -> list[str]:
    """Return what should not be there of a service whose studies have all ended, in words."""
    return remains(service.data_dir, f"sqlite:///{service.data_dir / 'automl.sqlite'}")


def little(path: Path, *, rows: int = 20, seed: int = 0) -> Path:
    """Write a small table whose column ``y`` is the sum of the two others, nearly."""
    chance = random.Random(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "y"])
        for _ in range(rows):
            a, b = chance.gauss(), chance.gauss()
            writer.writerow([f"{a:.4f}", f"{b:.4f}", f"{a + b + chance.gauss(0, 0.1):.4f}"])
    return path


def small(dataset_id: str, *, trials: int = 1, seed: int = 0) -> dict[str, object]:
    """Return the request for the smallest study on a `little` table."""
    return {
        "dataset_id": dataset_id,
        "task": {"type": "regression", "target": "y"},
        "budget": {"trials": trials},
        "families": ["linear"],
        "seed": seed,
    }
