"""CSV files as the pandas frames that every peer gets: numbers, and text for all else."""

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.problem import MISSING


def read(path: Path, *, like: Any = None) -> Any:
    """Return the rows; a column is numbers where all its known cells are, or as it is in ``like``.

    The marks of missing cells are the same that we read as missing.
    """
    texts = pd.read_csv(path, dtype=str, keep_default_na=False)
    columns = texts.columns if like is None else like.columns
    return pd.DataFrame(
        {name: _column(texts[name], None if like is None else like[name]) for name in columns}
    )


def _column(cells: Any, like: Any) -> Any:
    unknown = cells.str.strip().isin(MISSING)
    numbers = pd.to_numeric(cells.mask(unknown), errors="coerce")
    numeric = (
        (numbers.notna() | unknown).all() and not unknown.all()
        if like is None
        else pd.api.types.is_numeric_dtype(like)
    )
    return numbers if numeric else cells.astype(object).mask(cells == "", None)


def texts(frame: Any) -> list[str]:
    """Return the names of the columns that are not numbers."""
    return [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]


def levels(frame: Any) -> dict[str, list[str]]:
    """Return the categories of each column of text, sorted."""
    return {name: sorted(frame[name].dropna().unique()) for name in texts(frame)}


def categorical(frame: Any, known: dict[str, list[str]]) -> Any:
    """Return the frame with pandas' own categories for text; others than the known are missing."""
    typed = {name: pd.Categorical(frame[name], categories=known[name]) for name in known}
    return frame.assign(**typed)
