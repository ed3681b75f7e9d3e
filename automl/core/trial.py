"""Trials: one candidate evaluated in a study."""

from dataclasses import dataclass, field
from typing import TypeAlias

from automl.core.catalog import FamilyName, TrialFailure, TrialState
from automl.core.hyperparameter import Params

Rungs: TypeAlias = tuple[float | None, ...]
"""A trial's value so far at each rung it came to, see ``search/rungs.py``; None: not measured."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A family with its hyperparameters: a recipe, before training."""

    family: FamilyName
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What an epoch (of boosting: a round) measured.

    ``epoch`` counts on through the folds, from 1; ``fold`` is the one it belongs to, from 0, and
    None before that is known. ``value`` is the study's metric on the validation rows of the fold,
    None where it was not measured. ``fraction`` says how much of the fold's schedule has passed,
    where there is one.
    """

    epoch: int
    train_loss: float | None = None
    valid_loss: float | None = None
    value: float | None = None
    learning_rate: float | None = None
    gradient_norm: float | None = None
    seconds: float = 0.0
    fraction: float | None = None
    fold: int | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate's row in the leaderboard. Only a complete trial has a ``value``."""

    study_id: str
    number: int
    state: TrialState
    candidate: Candidate
    value: float | None = None
    fold_values: tuple[float | None, ...] = ()
    epochs: int | None = None
    seconds: float | None = None
    parameters: int | None = None
    worker: str | None = None
    attempts: int = 0
    reason: TrialFailure | None = None
    message: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    rungs: Rungs = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A worker's hold on a trial: every later write carries the fencing ``token``.

    ``seconds_left`` is what remained of the study's search time at the claim (None: no limit);
    ``checkpoint`` the artifact to go on from; ``lost`` counts the attempts before that ended with
    their worker or were given back. One that gave way is none of them.
    """

    study_id: str
    tenant: str
    number: int
    token: int
    candidate: Candidate
    seconds_left: float | None
    checkpoint: str | None
    lost: int = 0

    @property
    def first(self) -> bool:
        """Whether nobody tried the trial before."""
        return self.token == 1


@dataclass(frozen=True, slots=True)
class Finish:
    """A worker's hold on a study's last step: ensemble, export, publish."""

    study_id: str
    tenant: str
    token: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A study that wants its next candidate; ``version`` is what the answer must still match."""

    study_id: str
    tenant: str
    version: int
    number: int
    seconds_left: float | None
