"""The third verb: from complete trials to one checked model file."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl import families
from automl.core import metric
from automl.core.catalog import ExportFormat, MetricName
from automl.core.frame import Floats
from automl.core.model import Estimate, ModelCard
from automl.core.state import State
from automl.core.study import Plan, finish_reserve
from automl.core.trial import Trial
from automl.ensembling.crossfit import crossfit
from automl.ensembling.greedy import select
from automl.export import bundle, portable, report
from automl.export.ensemble import Part, TrainedMember
from automl.export.importance import Importance, importance
from automl.export.report import Findings
from automl.search.evaluate import fold_states, load_fold
from automl.search.prepare import Prepared

POOL = 25
"""So many of the best trials may enter the ensemble."""

JUDGED_ROWS = 10_000
"""Weights are chosen on at most so many rows, evenly spread: the metric is the finish's cost."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A complete trial that may become a member; its arrays are read only when needed."""

    trial: Trial
    out_of_fold: Callable[[], npt.NDArray[np.float32]]
    fitted: Callable[[], State]


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """What a study ends with."""

    card: ModelCard
    files: Mapping[ExportFormat, bytes]


def finish(prepared: Prepared, entries: Sequence[Entry]) -> Finished:
    """Return the best weighted set of the entries as a model file that was checked.

    The test rows are read here, once. Without test rows the estimate comes from out-of-fold rows,
    with the weights cross-fitted so that choosing them does not flatter it.

    Args:
        prepared: the study's rows.
        entries: its complete trials, at least one.

    Raises:
        ExportFailed: no member gave equal outputs as a file.
    """
    pool = best_entries(prepared.plan, entries)
    predictions = [np.asarray(entry.out_of_fold(), dtype=np.float64) for entry in pool]
    members = choose_members(prepared, pool, predictions)
    file = portable.build(
        prepared.plan, prepared.inputs, members, prepared.frame, seed=prepared.spec.seed
    )
    source, truth, judged = _estimate(prepared, file, predictions)
    card = ModelCard(
        task=prepared.plan.task,
        target=prepared.plan.target,
        metric=prepared.plan.metric,
        value=prepared.score(truth, judged),
        source=source,
        metrics=_intervals(prepared, truth, judged),
        members=tuple(member.share for member in file.members),
        inputs=prepared.inputs,
        classes=prepared.plan.classes,
        parity=file.parity,
        excluded=file.excluded,
    )
    digest = spec_digest(prepared)
    content = file.write(
        card,
        seed=prepared.spec.seed,
        dataset_sha256=prepared.dataset_sha256,
        spec_sha256=digest,
    )
    trials = [entry.trial for entry in entries]
    found = Findings(
        plan=prepared.plan,
        card=card,
        truth=truth,
        judged=judged,
        trials=trials,
        importance=_importance(prepared, file),
        warnings=[*prepared.plan.warnings, *prepared.warnings],
        seed=prepared.spec.seed,
        dataset_sha256=prepared.dataset_sha256,
        spec_sha256=digest,
    )
    written = report.build(found)
    whole = bundle.write(bundle.Contents(content, written, file.members, trials))
    return Finished(
        card,
        {
            ExportFormat.ONNX: content,
            ExportFormat.REPORT: report.write(written),
            ExportFormat.BUNDLE: whole,
        },
    )


def best_entries(plan: Plan, entries: Sequence[Entry]) -> list[Entry]:
    """Return the best `POOL` entries and the best of each family, best first."""
    sign = -1.0 if metric.maximize(plan.metric) else 1.0
    ranked = sorted(entries, key=lambda e: (sign * (e.trial.value or 0.0), e.trial.number))
    firsts = {entry.trial.candidate.family: entry for entry in reversed(ranked)}
    keep = {e.trial.number for e in [*ranked[:POOL], *firsts.values()]}
    return [entry for entry in ranked if entry.trial.number in keep]


def choose_members(
    prepared: Prepared, pool: Sequence[Entry], predictions: Sequence[Floats]
) -> list[TrainedMember]:
    """Return the weighted set that judges best on all out-of-fold rows, folds rebuilt."""
    weights = _choose(prepared, predictions, np.arange(len(prepared.judged)))
    return [
        train_member(prepared, entry, weight)
        for entry, weight in zip(pool, weights, strict=True)
        if weight > 0
    ]


def train_member(prepared: Prepared, entry: Entry, weight: float) -> TrainedMember:
    """Return an entry with its folds rebuilt from their stored states."""
    candidate = entry.trial.candidate
    view = families.spec(candidate.family).view
    parts = []
    for index, state in enumerate(fold_states(entry.fitted())):
        encoded = prepared.encoded(index, view)
        parts.append(Part(encoded.encoder, encoded.scale, load_fold(candidate, state)))
    return TrainedMember(entry.trial.number, candidate.family, weight, tuple(parts))


def spec_digest(prepared: Prepared) -> str:
    """Return the sha-256 of what determines the search: no ids, no names, no priority."""
    spec: dict[str, Any] = asdict(prepared.spec)
    for name in ("dataset_id", "test_dataset_id", "name", "priority"):
        del spec[name]
    spec["test_sha256"] = prepared.test_sha256
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()


def _choose(
    prepared: Prepared, predictions: Sequence[Floats], rows: npt.NDArray[np.intp]
) -> tuple[float, ...]:
    """Return ensemble weights judged on ``rows`` of the judged rows (all of ``predictions``)."""
    if not prepared.spec.ensemble:
        return (1.0, *([0.0] * (len(predictions) - 1)))
    step = max(1, -(-len(rows) // JUDGED_ROWS))
    truth = prepared.y[prepared.judged][rows][::step]
    return select(
        [prediction[::step] for prediction in predictions],
        lambda mean: prepared.score(truth, mean),
        maximize=metric.maximize(prepared.plan.metric),
    )


def _estimate(
    prepared: Prepared, file: portable.Portable, predictions: Sequence[Floats]
) -> tuple[Literal["test", "out_of_fold"], npt.NDArray[Any], Floats]:
    """Return where the final estimate comes from, the true targets there and the predictions."""
    if prepared.test is not None and len(prepared.test[1]):
        frame, truth = prepared.test
        return "test", truth, file.predict(frame)
    judged = crossfit(
        predictions,
        _parts(prepared),
        lambda some, rows: _choose(prepared, some, rows),
    )
    return "out_of_fold", prepared.y[prepared.judged], judged


def _parts(prepared: Prepared) -> list[npt.NDArray[np.intp]]:
    if len(prepared.folds) == 1:
        return [np.arange(len(prepared.judged))]
    return [np.searchsorted(prepared.judged, valid) for _, valid in prepared.folds]


def _importance(prepared: Prepared, file: portable.Portable) -> Importance:
    frame, truth = prepared.test or (prepared.frame, prepared.y)
    if not len(truth):
        frame, truth = prepared.frame, prepared.y
    budget, outputs = prepared.spec.budget.seconds, prepared.plan.outputs
    return importance(
        file,
        frame,
        truth,
        score=prepared.score,
        maximize=metric.maximize(prepared.plan.metric),
        seed=prepared.spec.seed,
        seconds=None if budget is None else min(5.0, 0.2 * finish_reserve(budget, outputs)),
    )


def _intervals(
    prepared: Prepared, truth: npt.NDArray[Any], judged: Floats
) -> dict[MetricName, Estimate]:
    plan = prepared.plan
    return {
        name: metric.bootstrap(name, truth, judged, positive=plan.positive, seed=prepared.spec.seed)
        for name in metric.allowed(plan.task, len(plan.classes))
    }
