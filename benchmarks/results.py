"""What was measured: one line of JSON a run, appended as the run ends."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

OK = "ok"


@dataclass(frozen=True, kw_only=True)
class Key:
    """What makes two runs the same one; the budget is None where a system knows none."""

    system: str
    version: str
    set: str
    split: int
    budget: float | None
    cores: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """A run as it ended; what a failed one never reached is None. Seconds, megabytes of 10⁶."""

    key: Key
    status: str
    """``ok``, ``failed`` or ``timeout``."""
    why: str | None = None
    task: str = ""
    metric: str = ""
    rows: int = 0
    test_rows: int = 0
    columns: int = 0
    error: float | None = None
    """1 − ROC AUC, log loss or RMSE on the test rows."""
    scores: dict[str, float] = field(default_factory=dict)
    start_seconds: float | None = None
    """Imports and reading the rows; ours: the service's start and the upload."""
    fit_seconds: float | None = None
    overrun: float | None = None
    """Of the budget; negative where it was not used up."""
    predict_seconds: float | None = None
    rows_per_second: float | None = None
    row_milliseconds: float | None = None
    """Median of one row at a time."""
    peak_megabytes: float | None = None
    """PSS of the whole process tree."""
    model_megabytes: float | None = None
    wall_seconds: float = 0.0
    load: float = 0.0
    """Of the machine, before the run."""
    when: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """Return the run as a line of JSON."""
        plain = asdict(self)
        return json.dumps({**plain.pop("key"), **plain})


def read(path: Path) -> list[Result]:
    """Return every run of the file, none if there is no file; the last of equal keys counts.

    A last line without its end is what a killed run left, and is dropped.
    """
    text = path.read_text() if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    found: dict[Key, Result] = {}
    for line in whole.splitlines():
        result = _parsed(json.loads(line))
        found.pop(result.key, None)  # the order is that of the lines that count
        found[result.key] = result
    return list(found.values())


def _parsed(line: dict[str, Any]) -> Result:
    """Return a line's run; fields of another version of this program are left."""
    names = [item.name for item in fields(Key)]
    known = {item.name for item in fields(Result)} - {"key"}
    return Result(
        key=Key(**{name: line[name] for name in names}),
        **{name: value for name, value in line.items() if name in known},
    )


def append(path: Path, result: Result) -> None:
    """Add a line; one that a killed run left unfinished is closed off first."""
    torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
    if torn:
        whole = path.read_text()
        path.write_text(whole[: whole.rfind("\n") + 1])
    with path.open("a") as file:
        file.write(result.line() + "\n")


def remaining(wanted: Iterable[Key], done: Iterable[Result], *, retry: bool) -> list[Key]:
    """Return the runs still to be made, in their order; with ``retry`` failed ones again."""
    ended = {result.key for result in done if not retry or result.status == OK}
    return [key for key in dict.fromkeys(wanted) if key not in ended]
