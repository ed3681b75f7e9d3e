"""The report as JSON: all that a study found out, a function of data and spec alone."""

import hashlib
import json
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import __version__, families
from automl.core import metric
from automl.core.catalog import FamilyName, MetricName, TaskType
from automl.core.decision import Decision
from automl.core.frame import Floats, Ints
from automl.core.model import Estimate, Input, ModelCard
from automl.core.report import (
    Best,
    ClassificationReport,
    DataReport,
    DecisionReport,
    Example,
    ExcludedReport,
    FamilyReport,
    ImportanceReport,
    InputReport,
    Interval,
    LabelCount,
    MemberReport,
    Number,
    Optimism,
    PreviewReport,
    Provenance,
    Report,
    Rival,
    TargetReport,
    TaskReport,
)
from automl.core.study import Plan, StudySpec
from automl.core.trial import Trial
from automl.export import doubts, judged, tuning
from automl.export.guess import guess
from automl.export.importance import REPEATS, Importance
from automl.export.request import request

MOST_LABELS = 50
"""So many of the most frequent classes are counted."""
LIBRARIES = (
    "numpy", "torch", "lightgbm", "catboost", "scikit-learn", "scipy", "onnx", "onnxruntime",
)  # fmt: skip
"""What trains and writes models; another version may come to other numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What the finish has at hand when the report is written.

    ``truth`` and ``judged`` are the final estimate's rows: ``(rows,)`` targets and ``(rows,
    outputs)`` predictions, for classes with ``(rows,)`` labels; ``y`` are the targets of the rows
    that the search saw. ``trials`` are the complete ones. ``content`` is the model file.
    """

    plan: Plan
    card: ModelCard
    truth: npt.NDArray[Any]
    judged: Floats
    labels: Ints
    y: npt.NDArray[Any]
    trials: Sequence[Trial]
    importance: Importance
    rivals: Sequence[Rival]
    warnings: Sequence[tuple[str, str]]
    spec: StudySpec
    dataset_sha256: str
    spec_sha256: str
    content: bytes
    examples: Sequence[Example] = ()
    preview: PreviewReport | None = None


def build(found: Findings) -> Report:
    """Return the report."""
    plan, card = found.plan, found.card
    classification = plan.task is TaskType.CLASSIFICATION
    report = Report(
        task=_task(plan),
        data=_data(plan, found.y),
        source=card.source,
        judged_rows=len(found.truth),
        value=_number(card.value),
        baseline=_number(plan.baseline),
        metrics={name.value: _interval(item) for name, item in card.metrics.items()},
        classification=_classification(found) if classification else None,
        regression=None if classification else judged.regression(found.truth, found.judged[:, 0]),
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
        geometric=card.geometric,
        rivals=[*found.rivals],
        examples=[*found.examples],
        preview=found.preview,
        guess=guess(plan, found.y, found.truth),
        bests=_bests(found.trials, plan.metric),
        request=request(found.spec),
        inputs=[_input(item) for item in card.inputs],
        warnings=[],
        provenance=Provenance(
            seed=found.spec.seed,
            dataset_sha256=found.dataset_sha256,
            spec_sha256=found.spec_sha256,
            software_version=__version__,
            parity=card.parity,
            versions=_versions(),
            model_sha256=hashlib.sha256(found.content).hexdigest(),
            model_bytes=len(found.content),
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


def _data(plan: Plan, y: npt.NDArray[Any]) -> DataReport:
    return DataReport(
        rows=plan.rows,
        test_rows=plan.test_rows,
        dropped_rows=plan.dropped_rows,
        features=len(plan.features),
        strategy=plan.strategy.value,
        folds=plan.folds,
        modality=plan.modality.value,
        shape=list(plan.shape),
        target=_target(plan, y),
    )


def _target(plan: Plan, y: npt.NDArray[Any]) -> TargetReport:
    if not plan.classes:
        parts = np.quantile(y, (0, 0.25, 0.5, 0.75, 1), method="nearest") if len(y) else y
        quantiles = dict(zip(("0", "0.25", "0.5", "0.75", "1"), parts.tolist(), strict=False))
        return TargetReport(rows=len(y), counts=[], quantiles=quantiles)
    counts = np.bincount(y, minlength=len(plan.classes))
    order = np.argsort(-counts, kind="stable")[:MOST_LABELS].tolist()
    found = [LabelCount(label=plan.classes[index], rows=int(counts[index])) for index in order]
    return TargetReport(rows=len(y), counts=found, quantiles={})


def _classification(found: Findings) -> ClassificationReport:
    return judged.classification(
        found.plan, found.truth, found.judged, found.labels, found.card.decision
    )


def _input(item: Input) -> InputReport:
    described = InputReport(name=item.name, kind=item.kind.value)
    if item.cells == "array":
        described["shape"], described["dtype"] = list(item.shape), item.dtype
    return described


def _decision(plan: Plan, decision: Decision) -> DecisionReport:
    return DecisionReport(
        temperature=decision.temperature,
        threshold=None if plan.positive is None else decision.threshold(plan.positive),
        levels=list(decision.levels),
        factors=list(decision.factors),
    )


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


def _bests(trials: Sequence[Trial], name: MetricName) -> list[Best]:
    found: list[Best] = []
    for trial in sorted(trials, key=lambda item: item.number):
        if metric.better(name, trial.value, found[-1]["value"] if found else None):
            family = trial.candidate.family.value
            found.append(Best(trial=trial.number, family=family, value=trial.value))
    return found


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


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
            fits=member.fits,
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
