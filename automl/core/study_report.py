"""The report as the API shows it: with what only the store knows of the study."""

from collections.abc import Mapping
from typing import NotRequired

from typing_extensions import TypedDict

from automl.core.report import Number, Report


class Tried(TypedDict):
    """One family in the search as it went: trials by outcome and the time they took.

    ``reasons`` say how many failed of what.
    """

    family: str
    trials: int
    complete: int
    pruned: int
    failed: int
    best: Number
    seconds: float
    reasons: NotRequired[Mapping[str, int]]


class Moment(TypedDict):
    """A trial that, when it ended, was the best so far: ``seconds`` after the study began."""

    seconds: float
    trial: int
    family: str
    value: Number


class StudyFacts(TypedDict):
    """What only the store knows of the study."""

    id: str
    name: str | None
    status: str
    dataset_id: str
    dataset: str | None
    model_id: str
    budget: Mapping[str, float | None]
    elapsed_seconds: float
    created_at: str
    finished_at: str | None


class StudyReport(Report):
    """The report as the API shows it."""

    study: NotRequired[StudyFacts]
    tried: NotRequired[list[Tried]]
    timeline: NotRequired[list[Moment]]
