"""Tables for tests: generated or bundled with scikit-learn, written as users have them."""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from automl.core.catalog import Modality
from automl.core.schema import Dataset
from automl.data import read


def mixed(path: Path, *, rows: int = 400, classes: int = 2, seed: int = 0) -> Path:
    """Write numbers with gaps, categories with gaps, a 0/1 flag, and a target of ``classes``.

    With ``classes`` 0 the target is a number. Column ``y`` is the target.
    """
    random = np.random.default_rng(seed)
    size = random.normal(50.0, 20.0, rows)
    price = random.lognormal(8.0, 1.0, rows)
    colour = random.choice(["red", "green", "blue", "très noir"], rows)
    flag = random.integers(0, 2, rows)
    signal = (size - 50) / 20 + np.log(price) - 8 + 1.5 * (colour == "red") - flag
    signal = signal + random.normal(0, 0.7, rows)
    if classes:
        edges = np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1])
        target = [f"class {index}" for index in np.digitize(signal, edges)]
    else:
        target = [f"{value:.6f}" for value in 100 + 25 * signal]
    gaps = random.random((3, rows)) < 0.06
    lines = [
        [
            "" if gaps[0, i] else f"{size[i]:.3f}",
            "" if gaps[1, i] else f"{price[i]:.2f}",
            "" if gaps[2, i] else str(colour[i]),
            str(flag[i]),
            target[i],
        ]
        for i in range(rows)
    ]
    return write(path, ["size", "price", "colour", "flag", "y"], lines)


def rare(path: Path, *, counts: Sequence[int], seed: int = 0) -> Path:
    """Write two numbers and a target ``y`` of as many classes as ``counts``, which overlap."""
    random = np.random.default_rng(seed)
    y = random.permutation(np.repeat(np.arange(len(counts)), counts))
    a, b = random.normal(0.0, 1.0, (2, len(y))) + np.outer((1.5, -0.5), y)
    lines = [[f"{a[i]:.4f}", f"{b[i]:.4f}", f"class {y[i]}"] for i in range(len(y))]
    return write(path, ["a", "b", "y"], lines)


def iris(path: Path) -> Path:
    """Write the iris set; column ``species`` is the target."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    lines = [
        [*(repr(float(cell)) for cell in cells), str(bunch.target_names[label])]
        for cells, label in zip(bunch.data, bunch.target, strict=True)
    ]
    names = ["sepal length", "sepal width", "petal length", "petal width", "species"]
    return write(path, names, lines)


def write(path: Path, header: Sequence[str], lines: Iterable[Sequence[str]]) -> Path:
    """Write a CSV file and return its path."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *lines])
    return path


def dataset(
    path: Path,
    table: Path,
    *,
    id: str = "ds_test",  # noqa: A002 -- the field's name
    modality: Modality | None = None,
) -> tuple[Dataset, Path]:
    """Return a file's dataset, as a service would have it, and its canonical table."""
    profile = read.ingest(
        path,
        name=path.name,
        media_type=None,
        out=table,
        unpacked_limit=1 << 30,
        modality=modality,
    )
    content = path.read_bytes()
    made = Dataset(
        id=id,
        tenant="default",
        name=path.stem,
        modality=profile.modality,
        format=profile.format,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        rows=profile.rows,
        columns=profile.columns,
        warnings=profile.warnings,
        created_at=0.0,
        source="",
        table="",
    )
    return made, table
