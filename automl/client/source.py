"""Data as a program has it, as a file that the service takes."""

import tempfile
from collections.abc import Iterator
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
"""What the second of a pair is called."""


@contextmanager
def as_file(data: Any) -> Iterator[Path]:
    """Give ``data`` as a file: itself a path, or written as Parquet or .npz to a temporary one.

    Args:
        data: a path, a data frame (pandas, polars, Arrow), a pair ``(X, y)`` of a frame or an array
            and what to predict, or ``X`` alone. Arrays of more than two axes are images, series or
            volumes.

    Raises:
        TypeError: it is none of these, or a cell is neither text nor a number.
        ValueError: it has no rows or no columns, or ``X`` and ``y`` do not fit together.
        FileNotFoundError: there is no such file.
    """
    if isinstance(data, str | Path):
        if not Path(data).is_file():
            raise FileNotFoundError(f"there is no file {str(data)!r}")
        yield Path(data)
        return
    with tempfile.TemporaryDirectory(prefix="automl-") as folder:
        yield _written(data, Path(folder))


def is_arrays(data: Any) -> bool:
    """Return whether data are arrays of more than two axes, alone or with targets beside them."""
    x = data[0] if _is_pair(data) else data
    return hasattr(x, "ndim") and hasattr(x, "dtype") and x.ndim > 2


def media_type(file: Path) -> str:
    """Return what to call a file's content; the service looks for itself.

    >>> media_type(Path("rows.parquet"))
    'application/vnd.apache.parquet'
    """
    return MEDIA_TYPES.get(file.suffix.lower(), "text/csv")


def _written(data: Any, folder: Path) -> Path:
    if is_arrays(data):
        import numpy as np  # the data's own library, or one that it can be turned into

        pair = {"X": data[0], "y": data[1]} if isinstance(data, tuple) else {"X": data}
        np.savez_compressed(folder / "data.npz", **pair)
        return folder / "data.npz"
    from automl.client import frame  # loads Arrow

    made = frame.labelled(data[0], data[1], TARGET) if _is_pair(data) else frame.table(data)
    frame.save(made, folder / "data.parquet")
    return folder / "data.parquet"


def _is_pair(data: Any) -> bool:
    return isinstance(data, tuple) and len(data) == 2
