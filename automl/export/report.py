"""The report as JSON: all that a study found out, a function of data and spec alone."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import __version__, families
from automl.core import metric
from automl.core.catalog import FamilyName, MetricName, TaskType
from automl.core.decision import Decision
from automl.core.formula import RANKING, confusion
from automl.core.frame import Floats, Ints
from automl.core.model import Estimate, Input, ModelCard
from automl.core.report import (
    ClassificationReport,
    ClassReport,
    Confused,
    Curves,
    DataReport,
    DecisionReport,
    Example,
    ExcludedReport,
    FamilyReport,
    Histogram,
    ImportanceReport,
    InputReport,
    Interval,
    MemberReport,
    Number,
    Optimism,
    PreviewReport,
    Provenance,
    RegressionReport,
    Report,
    Rival,
    TaskReport,
)
from automl.core.study import Plan
from automl.core.trial import Trial
from automl.export import curves, doubts, tuning
from automl.export.importance import REPEATS, Importance

MOST_CURVES = 10
"""Curves are drawn of the most frequent classes."""
MOST_CLASSES = 50
"""Up to so many classes the whole confusion matrix is kept."""
MOST_MISTAKES = 20
MOST_POINTS = 500
MOST_ROWS = 100_000
"""Curves are drawn of at most so many rows, evenly spread."""
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
HISTOGRAM_BINS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What the finish has at hand when the report is written.

    ``truth`` and ``judged`` are the final estimate's rows: ``(rows,)`` targets and ``(rows,
    outputs)`` predictions, for classes with ``(rows,)`` labels. ``trials`` are the complete ones.
    """

    plan: Plan
    card: ModelCard
    truth: npt.NDArray[Any]
    judged: Floats
    labels: Ints
    trials: Sequence[Trial]
    importance: Importance
    rivals: Sequence[Rival]
    warnings: Sequence[tuple[str, str]]
    seed: int
    dataset_sha256: str
    spec_sha256: str
    examples: Sequence[Example] = ()
    preview: PreviewReport | None = None


def build(found: Findings) -> Report:
    """Return the report."""
    plan, card = found.plan, found.card
    classification = plan.task is TaskType.CLASSIFICATION
    report = Report(
        task=_task(plan),
        data=_data(plan),
        source=card.source,
        judged_rows=len(found.truth),
        value=_number(card.value),
        baseline=_number(plan.baseline),
        metrics={name.value: _interval(item) for name, item in card.metrics.items()},
        classification=_classification(found) if classification else None,
        regression=None if classification else _regression(found.truth, found.judged[:, 0]),
        importance=_importance(found),
        families=_families(found.trials, plan.metric),
        members=_members(plan, card, found.trials),
        excluded=[
            ExcludedReport(
                trial=item.trial, difference=_number(item.difference), detail=item.detail
            )
            for item in card.excluded
        ],
        optimism=_optimism(found),
        decision=_decision(plan, card.decision) if classification else None,
        rivals=[*found.rivals],
        examples=[*found.examples],
        preview=found.preview,
        inputs=[_input(item) for item in card.inputs],
        warnings=[],
        provenance=Provenance(
            seed=found.seed,
            dataset_sha256=found.dataset_sha256,
            spec_sha256=found.spec_sha256,
            software_version=__version__,
            parity=card.parity,
        ),
    )
    report["warnings"] = doubts.all_of(report, found.warnings)
    return report


def write(report: Report) -> bytes:
    """Return the report's bytes: equal for equal reports."""
    return json.dumps(
        report, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
    ).encode("utf-8", "replace")


def _number(value: float | None) -> Number:
    return None if value is None or not math.isfinite(value) else float(value)


def _interval(estimate: Estimate) -> Interval:
    return Interval(
        value=_number(estimate.value), low=_number(estimate.low), high=_number(estimate.high)
    )


def _task(plan: Plan) -> TaskReport:
    return TaskReport(
        type=plan.task.value,
        target=plan.target,
        positive=None if plan.positive is None else plan.classes[plan.positive],
        metric=plan.metric.value,
        direction="maximize" if metric.maximize(plan.metric) else "minimize",
    )


def _data(plan: Plan) -> DataReport:
    return DataReport(
        rows=plan.rows,
        test_rows=plan.test_rows,
        dropped_rows=plan.dropped_rows,
        features=len(plan.features),
        strategy=plan.strategy.value,
        folds=plan.folds,
        modality=plan.modality.value,
        shape=list(plan.shape),
    )


def _input(item: Input) -> InputReport:
    described = InputReport(name=item.name, kind=item.kind.value)
    if item.cells == "array":
        described["shape"], described["dtype"] = list(item.shape), item.dtype
    return described


def _classification(found: Findings) -> ClassificationReport:
    counts = confusion(found.truth, found.labels, len(found.plan.classes))
    labels: Any = list(found.plan.classes)
    return ClassificationReport(
        classes=labels,
        confusion=counts.tolist() if len(labels) <= MOST_CLASSES else None,
        confused=_confused(labels, counts),
        per_class=_per_class(labels, counts),
        curves=_curves(found.plan, found.truth, found.judged),
    )


def _confused(labels: Sequence[str | int], counts: Ints) -> list[Confused]:
    mistakes = counts - np.diag(counts.diagonal())
    order = np.argsort(-mistakes, axis=None, kind="stable")[:MOST_MISTAKES]
    pairs = zip(*np.unravel_index(order, counts.shape), strict=True)
    return [
        Confused(actual=labels[actual], predicted=labels[predicted], rows=int(rows))
        for actual, predicted in pairs
        if (rows := mistakes[actual, predicted]) > 0
    ]


def _per_class(labels: Sequence[str | int], counts: Ints) -> list[ClassReport]:
    right, support, said = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    precision = right / np.maximum(said, 1)
    recall = right / np.maximum(support, 1)
    f1 = 2 * right / np.maximum(said + support, 1)
    return [
        ClassReport(
            label=label,
            precision=float(precision[index]),
            recall=float(recall[index]),
            f1=float(f1[index]),
            support=int(support[index]),
        )
        for index, label in enumerate(labels)
    ]


def _decision(plan: Plan, decision: Decision) -> DecisionReport:
    return DecisionReport(
        temperature=decision.temperature,
        threshold=None if plan.positive is None else decision.threshold(plan.positive),
        levels=list(decision.levels),
        factors=list(decision.factors),
    )


def _curves(plan: Plan, truth: Ints, judged: Floats) -> list[Curves]:
    if plan.positive is not None:
        shown = [plan.positive]
    else:
        support = np.bincount(truth, minlength=len(plan.classes))
        shown = sorted(np.argsort(-support, kind="stable")[:MOST_CURVES].tolist())
    step = max(1, -(-len(truth) // MOST_ROWS))
    truth, judged = truth[::step], judged[::step]
    return [_curve(plan.classes[index], truth == index, judged[:, index]) for index in shown]


def _curve(label: str | int, hit: npt.NDArray[np.bool_], scores: Floats) -> Curves:
    pair = np.column_stack([1.0 - scores, scores])
    y = hit.astype(np.int64)
    both = 0 < y.sum() < len(y)
    return Curves(
        label=label,
        roc_auc=_number(RANKING[MetricName.ROC_AUC](y, pair, 1)) if both else None,
        average_precision=(
            _number(RANKING[MetricName.AVERAGE_PRECISION](y, pair, 1)) if y.any() else None
        ),
        roc=curves.roc(hit, scores),
        precision_recall=curves.precision_recall(hit, scores),
        calibration=curves.calibration(hit, scores),
    )


def _regression(truth: Floats, predicted: Floats) -> RegressionReport | None:
    """Return the residuals, None where they are too large to be subtracted or counted."""
    with np.errstate(over="ignore"):
        residuals = predicted - truth
        if not np.isfinite(4 * residuals).all() or not np.isfinite(4 * truth).all():
            return None
    counts, edges = np.histogram(residuals, bins=HISTOGRAM_BINS, range=_range(residuals))
    order = np.lexsort((predicted, truth))
    kept = order[np.linspace(0, len(order) - 1, min(MOST_POINTS, len(order))).round().astype(int)]
    off = np.quantile(np.abs(residuals), (0.5, 0.9))
    return RegressionReport(
        residual_quantiles={
            f"{share:g}": float(value)
            for share, value in zip(QUANTILES, np.quantile(residuals, QUANTILES), strict=True)
        },
        residual_mean=float(residuals.mean()),
        within={"0.5": float(off[0]), "0.9": float(off[1])},
        residuals=Histogram(edges=edges.tolist(), counts=counts.tolist()),
        points=list(zip(truth[kept].tolist(), predicted[kept].tolist(), strict=True)),
    )


def _range(residuals: Floats) -> tuple[float, float]:
    """Return where almost all residuals lie: one that is far off must not flatten the picture."""
    low, high = np.quantile(residuals, (0.005, 0.995)).tolist()
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _importance(found: Findings) -> ImportanceReport:
    return ImportanceReport(
        metric=found.plan.metric.value,
        rows_from="test" if found.card.source == "test" else "training",
        rows=found.importance.rows,
        repeats=REPEATS,
        left_out=found.importance.left_out,
        columns=list(found.importance.columns),
    )


def _families(trials: Sequence[Trial], name: MetricName) -> list[FamilyReport]:
    found: list[FamilyReport] = []
    for family in FamilyName:
        own = [trial for trial in trials if trial.candidate.family is family]
        if own:
            best = _best(own, name)
            found.append(
                FamilyReport(
                    family=family.value,
                    complete=len(own),
                    best=_number(best),
                    hyperparameters=tuning.shares(own),
                )
            )
    return found


def _best(trials: Sequence[Trial], name: MetricName) -> float | None:
    best: float | None = None
    for trial in trials:
        best = trial.value if metric.better(name, trial.value, best) else best
    return best


def _members(plan: Plan, card: ModelCard, trials: Sequence[Trial]) -> list[MemberReport]:
    by_number = {trial.number: trial for trial in trials}
    return [
        MemberReport(
            trial=member.trial,
            family=member.family.value,
            weight=member.weight,
            value=_number(by_number[member.trial].value),
            params=dict(by_number[member.trial].candidate.params),
            learned=_learned(plan, member.family),
        )
        for member in card.members
    ]


def _learned(plan: Plan, family: FamilyName) -> str:
    if families.spec(family).refit:
        return "all"
    return "folds" if plan.folds > 1 else "holdout"


def _optimism(found: Findings) -> Optimism:
    search, final = _number(_best(found.trials, found.plan.metric)), _number(found.card.value)
    gap = None
    if search is not None and final is not None:
        gap = search - final if metric.maximize(found.plan.metric) else final - search
    return Optimism(search=search, final=final, gap=gap)
