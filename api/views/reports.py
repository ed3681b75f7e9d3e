"""How the report on a study looks."""

from collections import Counter
from collections.abc import Sequence

from api.views.base import at, at_or_none
from automl.core import metric
from automl.core.catalog import FamilyName, MetricName, TrialState
from automl.core.study_report import Moment, StudyFacts, StudyReport, Tried
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
    name = study.plan.metric
    return StudyReport(
        **found.report,
        study=facts,
        tried=_tried(found.trials, name),
        timeline=_timeline(found.trials, name, study.started_at or study.created_at),
    )


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
        reasons=Counter(trial.reason.value for trial in trials if trial.reason is not None),
    )


def _timeline(trials: Sequence[Trial], name: MetricName, begun: float) -> list[Moment]:
    """Return the trials that were the best so far when they ended."""
    ended = [trial for trial in trials if trial.finished_at is not None]
    found: list[Moment] = []
    for trial in sorted(ended, key=lambda item: (item.finished_at or 0.0, item.number)):
        if metric.better(name, trial.value, found[-1]["value"] if found else None):
            found.append(
                Moment(
                    seconds=round(max(0.0, (trial.finished_at or 0.0) - begun), 3),
                    trial=trial.number,
                    family=trial.candidate.family.value,
                    value=trial.value,
                )
            )
    return found
