"""Datasets of arrays for tests: generated or bundled with scikit-learn, in the canonical form."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.catalog import ColumnKind, Modality
from automl.core.schema import Column, Dataset
from automl.data import arrays

_KINDS = {
    Modality.IMAGE: ColumnKind.IMAGE,
    Modality.SERIES: ColumnKind.SERIES,
    Modality.VOLUME: ColumnKind.VOLUME,
}


def digits(rows: int | None = None) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return scikit-learn's 8 × 8 digits, writers mixed, or the first of them."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))[:rows]
    return (x.reshape(-1, 8, 8) * 15).astype(np.uint8)[order], y.astype(np.int64)[order]


def shapes(
    rows: int, *, size: int = 16, noise: float = 1.0, seed: int = 0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return volumes of five solid shapes anywhere among noise, and which: linear models fail.

    Ball, cube, octahedron, shell and a bar along any axis, all of about the same brightness.
    """
    random = np.random.default_rng(seed)
    y = random.integers(0, 5, rows)
    grid = np.stack(np.meshgrid(*[np.arange(size)] * 3, indexing="ij"), axis=-1)
    x = random.normal(0.0, noise, (rows, size, size, size))
    for row, kind in enumerate(y):
        radius = random.uniform(0.19, 0.28) * size
        centre = random.uniform(radius, size - 1 - radius, 3)
        offset = np.abs(grid - centre)
        distance = np.sqrt((offset**2).sum(axis=-1))
        match kind:
            case 0:
                inside = distance <= radius
            case 1:
                inside = offset.max(axis=-1) <= 0.8 * radius
            case 2:
                inside = offset.sum(axis=-1) <= 1.6 * radius
            case 3:
                inside = (distance <= 1.15 * radius) & (distance >= 0.75 * radius)
            case _:
                across = np.delete(offset, random.integers(3), axis=-1)
                inside = (across.max(axis=-1) <= 0.45 * radius) & (distance <= 2.2 * radius)
        x[row][inside] += 1.0
    return x.astype(np.float32), y.astype(np.int64)


def dataset(
    path: Path,
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    *,
    modality: Modality,
    test: npt.NDArray[np.bool_] | None = None,
    block: int | None = None,
) -> tuple[Dataset, Path]:
    """Write the canonical table of rows and targets, some of them perhaps an official test part.

    Rows are written ``block`` at a time, or all at once.
    """
    column = Column(
        arrays.INPUT,
        _KINDS[modality],
        "array",
        missing=0,
        unique=len(x),
        shape=x.shape[1:],
        dtype=x.dtype.name,
    )
    texts = {arrays.TARGET: [str(cell) for cell in y.tolist()]}
    others = [_text(arrays.TARGET, texts[arrays.TARGET])]
    if test is not None:
        texts[arrays.PART] = [arrays.TEST if cell else arrays.TRAIN for cell in test.tolist()]
        others.append(_text(arrays.PART, texts[arrays.PART]))
    block = block or len(x)
    blocks = [x[start : start + block] for start in range(0, len(x), block)]
    arrays.write(path, column, blocks, texts, others)
    content = path.read_bytes()
    made = Dataset(
        id="ds_test",
        tenant="default",
        name=path.stem,
        modality=modality,
        format="npz",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        rows=len(x),
        columns=(column, *others),
        warnings=(),
        created_at=0.0,
        source="",
        table="",
    )
    return made, path


def _text(name: str, cells: list[str]) -> Column:
    return Column(name, ColumnKind.CATEGORICAL, "string", missing=0, unique=len(set(cells)))
