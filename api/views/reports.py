"""How the report on a study looks."""

from collections.abc import Sequence

from api.views.base import at, at_or_none
from automl.core import metric
from automl.core.catalog import FamilyName, MetricName, TrialState
from automl.core.report import StudyFacts, StudyReport, Tried
from automl.core.trial import Trial
from automl.service.reports import Reported


def view(found: Reported) -> StudyReport:
    """Return the report with the study's own facts and the search as it went."""
    study, budget = found.study, found.study.spec.budget
    facts = StudyFacts(
        id=study.id,
        name=study.spec.name,
        status=study.status.value,
        dataset_id=study.spec.dataset_id,
        dataset=found.dataset,
        model_id=study.model_id or "",
        budget={"seconds": budget.seconds, "trials": budget.trials},
        elapsed_seconds=round(study.elapsed_seconds, 3),
        created_at=at(study.created_at),
        finished_at=at_or_none(study.finished_at),
    )
    return StudyReport(**found.report, study=facts, tried=_tried(found.trials, study.plan.metric))


def _tried(trials: Sequence[Trial], name: MetricName) -> list[Tried]:
    families = [family for family in FamilyName if _of(trials, family)]
    return [_of_family(family, _of(trials, family), name) for family in families]


def _of(trials: Sequence[Trial], family: FamilyName) -> list[Trial]:
    return [trial for trial in trials if trial.candidate.family is family]


def _of_family(family: FamilyName, trials: Sequence[Trial], name: MetricName) -> Tried:
    states = [trial.state for trial in trials]
    best: float | None = None
    for trial in trials:
        best = trial.value if metric.better(name, trial.value, best) else best
    return Tried(
        family=family.value,
        trials=len(trials),
        complete=states.count(TrialState.COMPLETE),
        pruned=states.count(TrialState.PRUNED),
        failed=states.count(TrialState.FAILED),
        best=best,
        seconds=round(sum(trial.seconds or 0.0 for trial in trials), 3),
    )
