"""What an estimator asks for and what it gets, wherever the study runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automl.client import Leaderboard, Report

MEASURED = ("numeric", "boolean")
"""The kinds in which numbers stay numbers."""

Columns = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a study without its dataset; fields as in the service's contract.

    ``numbers`` says that all cells were numbers of an array, which has no ids, dates or categories.
    """

    task: str
    metric: str | None
    positive: str | float | None
    budget: Mapping[str, Any]
    families: Sequence[str] | None
    columns: Columns
    search_space: Mapping[str, Mapping[str, Any]] | None
    validation: Mapping[str, Any]
    objective: Mapping[str, Any]
    ensemble: bool
    seed: int
    numbers: bool

    def corrected(self, kinds: Iterable[tuple[str, str]], target: str) -> Columns:
        """Return the corrections of the columns that were found to be of some kinds."""
        if not self.numbers:
            return self.columns
        mistaken = (name for name, kind in kinds if kind not in MEASURED and name != target)
        return {name: {"kind": "numeric"} for name in mistaken} | dict(self.columns)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a study ended with; ``study_id`` where a service ran it."""

    file: bytes
    report: Report
    leaderboard: Leaderboard
    study_id: str | None = None
