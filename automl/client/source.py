"""Data as a program has it, as a file that the service takes."""

import csv
import math
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".npz": "application/x-npz",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".zip": "application/zip",
    ".tar": "application/x-tar",
    ".tgz": "application/gzip",
    ".ts": "text/plain",
}
TARGET = "target"
"""What the second of a pair of arrays is called."""


@contextmanager
def as_file(data: Any) -> Iterator[Path]:
    """Give ``data`` as a file: itself a path, or written as CSV or .npz to a temporary one.

    Args:
        data: a path, a data frame (pandas, polars), a pair ``(X, y)`` of arrays, or arrays alone
            to predict. Arrays of more than two axes are images, series or volumes.

    Raises:
        TypeError: it is none of these.
        FileNotFoundError: there is no such file.
    """
    if isinstance(data, str | Path):
        if not Path(data).is_file():
            raise FileNotFoundError(f"there is no file {str(data)!r}")
        yield Path(data)
        return
    with tempfile.TemporaryDirectory(prefix="automl-") as folder:
        path = Path(folder) / ("data.npz" if is_arrays(data) else "data.csv")
        _write(data, path)
        yield path


def is_arrays(data: Any) -> bool:
    """Return whether data are arrays of more than two axes, alone or with targets beside them."""
    x = data[0] if isinstance(data, tuple) and len(data) == 2 else data
    return hasattr(x, "ndim") and hasattr(x, "dtype") and x.ndim > 2


def media_type(file: Path) -> str:
    """Return what to call a file's content; the service looks for itself.

    >>> media_type(Path("rows.parquet"))
    'application/vnd.apache.parquet'
    """
    return MEDIA_TYPES.get(file.suffix.lower(), "text/csv")


def _write(data: Any, path: Path) -> None:
    if is_arrays(data):
        import numpy as np  # the data's own library, or one that it can be turned into

        pair = {"X": data[0], "y": data[1]} if isinstance(data, tuple) else {"X": data}
        np.savez_compressed(path, **pair)
    elif hasattr(data, "to_csv"):  # pandas
        data.to_csv(path, index=False)
    elif hasattr(data, "write_csv"):  # polars
        data.write_csv(path)
    elif isinstance(data, tuple) and len(data) == 2:
        _write_pair(*data, path)
    else:
        raise TypeError(
            f"data must be a path, a data frame or a pair (X, y), not {type(data).__name__}"
        )


def _write_pair(x: Any, y: Any, path: Path) -> None:
    rows, labels = _listed(x), _listed(y)
    if len(rows) != len(labels):
        raise ValueError(f"X has {len(rows)} rows and y {len(labels)}; they must be as many")
    if not rows or not isinstance(rows[0], list):
        raise ValueError("X must have rows and columns")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{index}" for index in range(len(rows[0]))), TARGET])
        writer.writerows([*map(_cell, row), _cell(label)] for row, label in zip(rows, labels))  # noqa: B905


def _listed(values: Any) -> list[Any]:
    if hasattr(values, "tolist"):  # numpy and all that follow it
        listed: list[Any] = values.tolist()
        return listed
    return [list(row) if _is_row(row) else row for row in values]


def _is_row(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes)


def _cell(value: Any) -> Any:
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if missing else value
