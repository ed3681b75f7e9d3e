"""Folders of tables and results, as the benchmark finds them."""

import json
from pathlib import Path

from benchmarks.results import OK, Key, Result
from tests.tables import write


def folder(path: Path, *, rows: int = 40, test: int = 0, task: str = "binary") -> Path:
    """Write a folder with ``meta.json``, rows numbered in column ``x``, and perhaps a test part."""
    path.mkdir()
    meta = {"name": path.name, "task": task, "target": "y"}
    (path / "meta.json").write_text(json.dumps(meta))
    lines = [[str(i), "red" if i % 3 else "", "yes" if i % 4 else "no"] for i in range(rows + test)]
    write(path / ("train.csv" if test else "data.csv"), ["x", "colour", "y"], lines[:rows])
    if test:
        write(path / "test.csv", ["x", "colour", "y"], lines[rows:])
    return path


def key(system: str = "ours", *, version: str = "1", split: int = 0, name: str = "a") -> Key:
    budget = None if system == "lightgbm" else 60.0
    return Key(system=system, version=version, set=name, split=split, budget=budget, cores=2)


def result(key: Key, error: float | None) -> Result:
    status = "failed" if error is None else OK
    return Result(key=key, status=status, metric="rmse", error=error, rows_per_second=100.0)
