"""A table to learn from: a folder's or a file's rows as text, with what is to be predicted.

A folder holds ``meta.json`` (``target``; ``task``: binary, multiclass or regression; ``name``) and
``train.csv`` with ``test.csv``, or ``data.csv``. Without ``meta.json`` the target is named behind
the path (``sales/orders.csv:price``, or ``sales:price`` for a folder with one CSV file) and the
task guessed. Files are UTF-8 with commas, and may be gzipped.
"""

import csv
import gzip
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Row: TypeAlias = list[str]

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "None", "?"})
REGRESSION = "regression"
FEW = 20
"""No more distinct whole numbers than this are taken for classes."""


class NoProblem(ValueError):
    """A path holds nothing that can be learned; says what was looked for."""


@dataclass(frozen=True)
class Problem:
    """All rows, those of an official test part apart; ``task`` is regression or classification."""

    name: str
    task: str
    target: str
    header: Row
    rows: list[Row]
    official: list[Row]

    @property
    def at(self) -> int:
        """The target's place in a row."""
        return self.header.index(self.target)

    @property
    def regression(self) -> bool:
        """Whether numbers are predicted, and not classes."""
        return self.task == REGRESSION

    def cells(self, rows: Sequence[Row]) -> list[str]:
        """Return the target's cells."""
        return [row[self.at] for row in rows]


def load(given: str) -> Problem:
    """Return the problem of ``PATH`` or ``PATH:TARGET``.

    Raises:
        NoProblem: there is no such file, target or task.
    """
    place, _, target = given.partition(":")
    path = Path(place)
    if target:
        return _named(path, target)
    if not (path / "meta.json").is_file():
        raise NoProblem(f"{path} has no meta.json; name the column to predict as {path}:COLUMN")
    meta = json.loads((path / "meta.json").read_text())
    if meta.get("modality", "tabular") not in {"tabular", "text"}:
        raise NoProblem(f"{path} holds no table, but {meta['modality']} data")
    task = REGRESSION if meta["task"] == REGRESSION else "classification"
    files = {file.name.split(".")[0]: file for file in _tables(path)}
    if not files.keys() & {"train", "data"}:
        raise NoProblem(f"{path} has neither train.csv nor data.csv")
    header, rows = _read(files.get("train") or files["data"], meta["target"], task)
    official = _read(files["test"], meta["target"], task)[1] if "test" in files else []
    return Problem(meta.get("name", path.name), task, meta["target"], header, rows, official)


def _named(path: Path, target: str) -> Problem:
    files = [path] if path.is_file() else _tables(path)
    if len(files) != 1:
        raise NoProblem(f"{path} must be one CSV file, or hold exactly one; found {len(files)}")
    header, rows = _read(files[0], target, "")
    task = guess_task([row[header.index(target)] for row in rows])
    return Problem(path.name.split(".")[0], task, target, header, rows, [])


def guess_task(cells: Sequence[str]) -> str:
    """Return regression for numbers, unless they are few whole ones; else classification."""
    try:
        values = {float(cell) for cell in cells}
    except ValueError:
        return "classification"
    few = len(values) <= FEW and all(value.is_integer() for value in values)
    return "classification" if few else REGRESSION


def _tables(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")])


def _read(path: Path, target: str, task: str) -> tuple[Row, list[Row]]:
    """Return the header, and the rows in which the target is known."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    if target not in header:
        raise NoProblem(f"{path} has no column {target!r}; it has {', '.join(header)}")
    at, unknown = header.index(target), MISSING if task == REGRESSION else {""}
    return header, [row for row in rows if row and row[at] not in unknown]
