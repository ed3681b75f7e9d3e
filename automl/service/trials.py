"""Trials: the leaderboard and the curves."""

from collections.abc import Sequence
from dataclasses import dataclass

from automl.core import metric
from automl.core.catalog import TrialState
from automl.core.ports import Store, TrialPlace, TrialSort
from automl.core.trial import CurvePoint, Trial
from automl.service.curve import downsample


@dataclass(frozen=True, slots=True)
class Traced:
    """A trial with what its epochs measured."""

    trial: Trial
    curve: Sequence[CurvePoint]


def page(
    store: Store,
    tenant: str,
    study_id: str,
    *,
    sort: TrialSort,
    state: TrialState | None,
    after: TrialPlace | None,
    limit: int,
) -> Sequence[Trial]:
    """Return what is behind a place; by value the best come first. Raises `NotFound`."""
    with store.unit() as unit:
        study = unit.studies.get(tenant, study_id)
        return unit.trials.list(
            study.id,
            sort=sort,
            maximize=metric.maximize(study.plan.metric),
            state=state,
            after=after,
            limit=limit,
        )


def place(trial: Trial, sort: TrialSort) -> TrialPlace:
    """Return where the trial stands in that order."""
    return None if sort == "number" else getattr(trial, sort), trial.number


def get(store: Store, tenant: str, study_id: str, number: int, *, max_points: int) -> Traced:
    """Return one trial and at most ``max_points`` of its curve. Raises `NotFound`."""
    with store.unit() as unit:
        study = unit.studies.get(tenant, study_id)
        trial = unit.trials.get(study.id, number)
        curve = unit.trials.curve(study.id, number)
    return Traced(trial, downsample(curve, max_points))
