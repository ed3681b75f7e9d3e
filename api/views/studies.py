"""How studies look."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from api.views.base import View, at, at_or_none
from api.views.datasets import WarningView
from automl.core import metric
from automl.core.catalog import (
    FamilyName,
    MetricName,
    StudyFailure,
    StudyStatus,
    TaskType,
    TrialState,
    ValidationStrategy,
)
from automl.core.study import Plan, Study, StudySpec, TaskSpec
from automl.search import cost
from automl.service.progress import Progress, progress


class TaskView(View):
    """What is predicted."""

    type: TaskType
    target: str
    metric: Literal["auto"] | MetricName
    positive: str | int | None

    @classmethod
    def of(cls, task: TaskSpec, plan: Plan) -> Self:
        """Return the view of a task, with its target and class as the dataset has them."""
        asked = None if task.positive is None else plan.positive
        return cls(
            type=task.type,
            target=plan.target,
            metric=task.metric or "auto",
            positive=None if asked is None else plan.classes[asked],
        )


class MetricView(View):
    """The metric in use, and which way is better."""

    name: MetricName
    direction: Literal["maximize", "minimize"]

    @classmethod
    def of(cls, name: MetricName) -> Self:
        """Return the view of a metric."""
        return cls(name=name, direction="maximize" if metric.maximize(name) else "minimize")


class BudgetView(View):
    """When the search ends."""

    seconds: float | None
    trials: int | None


class TrialCountsView(View):
    """Trials by state."""

    waiting: int = 0
    running: int = 0
    complete: int = 0
    pruned: int = 0
    failed: int = 0
    cancelled: int = 0


class ProgressView(View):
    """How far a study is."""

    fraction: float
    elapsed_seconds: float
    eta_seconds: float | None
    trials: TrialCountsView

    @classmethod
    def of(cls, seen: Progress, counts: Mapping[TrialState, int]) -> Self:
        """Return the view of a progress."""
        return cls(
            fraction=round(seen.fraction, 4),
            elapsed_seconds=round(seen.elapsed_seconds, 3),
            eta_seconds=None if seen.eta_seconds is None else round(seen.eta_seconds, 3),
            trials=TrialCountsView(**{state.value: count for state, count in counts.items()}),
        )


class BestView(View):
    """The best complete trial so far."""

    trial: int
    family: FamilyName
    value: float


class BaselineView(View):
    """What always guessing alike would reach."""

    value: float


class FailureView(View):
    """Why a study failed."""

    reason: StudyFailure
    detail: str


class SpecView(View):
    """The request, as understood."""

    test_dataset_id: str | None
    columns: Mapping[str, Mapping[str, Any]]
    families: Sequence[FamilyName] | None
    search_space: Mapping[str, Mapping[str, Any]] | None
    validation: Mapping[str, Any]
    objective: Mapping[str, Any]
    ensemble: bool
    priority: int

    @classmethod
    def of(cls, spec: StudySpec) -> Self:
        """Return the view of a spec's parts that a study does not show by themselves."""
        held, bounds = spec.validation, spec.objective
        return cls(
            test_dataset_id=spec.test_dataset_id,
            columns={
                name: {"kind": override.kind, "use": override.use}
                for name, override in spec.columns.items()
            },
            families=spec.families,
            search_space=spec.search_space,
            validation={
                "strategy": held.strategy,
                "column": held.column,
                "test_fraction": "auto" if held.test_fraction is None else held.test_fraction,
            },
            objective={
                "max_model_bytes": bounds.max_model_bytes,
                "max_row_ms": bounds.max_row_ms,
            },
            ensemble=spec.ensemble,
            priority=spec.priority,
        )


class SplitView(View):
    """How the rows are divided; ``folds`` is 1 for a holdout.

    ``test_rows`` of the ``rows`` are set aside for the test; the ``given_test_rows`` of a test set
    of its own come beside them.
    """

    strategy: ValidationStrategy
    folds: int
    rows: int
    test_rows: int
    given_test_rows: int
    dropped_rows: int


class PlanView(View):
    """What a study does, decided before anything is trained."""

    metric: MetricView
    positive: str | int | None
    classes: Sequence[str | int] | None
    families: Sequence[FamilyName]
    split: SplitView
    baseline: BaselineView
    warnings: Sequence[WarningView]

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Return the view of a plan."""
        return cls(
            metric=MetricView.of(plan.metric),
            positive=None if plan.positive is None else plan.classes[plan.positive],
            classes=plan.classes or None,
            families=plan.families,
            split=SplitView(
                strategy=plan.strategy,
                folds=plan.folds,
                rows=plan.rows,
                test_rows=plan.test_rows,
                given_test_rows=plan.official_rows,
                dropped_rows=plan.dropped_rows,
            ),
            baseline=BaselineView(value=plan.baseline),
            warnings=[WarningView(code=code, message=text) for code, text in plan.warnings],
        )


class EstimatesView(View):
    """What a study will take at most; null where only the other part of the budget bounds it.

    Of one worker, foreseen before anything is timed: the seconds of each family's first trial, and
    about how many trials the budget buys.
    """

    seconds: float | None
    trials: int | None
    first_trial_seconds: Mapping[FamilyName, float]
    affordable_trials: int | None


class DryRunView(View):
    """What a study would do; nothing was stored."""

    task: TaskView
    spec: SpecView
    plan: PlanView
    features: Sequence[str]
    families: Sequence[FamilyName]
    split: SplitView
    folds: int
    estimates: EstimatesView

    @classmethod
    def of(cls, spec: StudySpec, plan: Plan) -> Self:
        """Return the view of a plan, with the request it answers."""
        planned = PlanView.of(plan)
        return cls(
            task=TaskView.of(spec.task, plan),
            spec=SpecView.of(spec),
            plan=planned,
            features=plan.features,
            families=planned.families,
            split=planned.split,
            folds=plan.folds,
            estimates=EstimatesView(
                seconds=spec.budget.seconds,
                trials=spec.budget.trials,
                first_trial_seconds={
                    name: round(cost.seconds(plan, name), 1) for name in plan.families
                },
                affordable_trials=cost.trials(plan, spec.budget),
            ),
        )


class StudyView(View):
    """A study as it stands."""

    id: str
    name: str | None
    status: StudyStatus
    dataset_id: str
    task: TaskView
    metric: MetricView
    budget: BudgetView
    seed: int
    spec: SpecView
    plan: PlanView
    progress: ProgressView
    best: BestView | None
    baseline: BaselineView
    model_id: str | None
    error: FailureView | None
    last_seq: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    links: Mapping[str, str]

    @classmethod
    def of(cls, study: Study) -> Self:
        """Return the view of a study."""
        spec = study.spec
        return cls(
            id=study.id,
            name=spec.name,
            status=study.status,
            dataset_id=spec.dataset_id,
            task=TaskView.of(spec.task, study.plan),
            metric=MetricView.of(study.plan.metric),
            budget=BudgetView(seconds=spec.budget.seconds, trials=spec.budget.trials),
            seed=spec.seed,
            spec=SpecView.of(spec),
            plan=PlanView.of(study.plan),
            progress=ProgressView.of(progress(study), study.counts),
            best=_best(study),
            baseline=BaselineView(value=study.plan.baseline),
            model_id=study.model_id,
            error=None
            if study.error is None
            else FailureView(reason=study.error[0], detail=study.error[1]),
            last_seq=study.last_seq,
            created_at=at(study.created_at),
            started_at=at_or_none(study.started_at),
            finished_at=at_or_none(study.finished_at),
            links=_links(study),
        )


def _best(study: Study) -> BestView | None:
    if study.best_trial is None or study.best_family is None or study.best_value is None:
        return None
    return BestView(trial=study.best_trial, family=study.best_family, value=study.best_value)


def _links(study: Study) -> dict[str, str]:
    base = f"/v1/studies/{study.id}"
    links = {
        "self": base,
        "dataset": f"/v1/datasets/{study.spec.dataset_id}",
        "trials": f"{base}/trials",
        "events": f"{base}/events",
    }
    if study.model_id is not None:
        links |= {
            "model": f"/v1/models/{study.model_id}",
            "download": f"{base}/model/download",
            "report": f"{base}/report",
        }
    return links
