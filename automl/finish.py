"""The third verb: from complete trials to one checked model file."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl.core import metric
from automl.core.catalog import ExportFormat, FamilyName, MetricName
from automl.core.errors import ExportFailed
from automl.core.frame import Floats
from automl.core.model import Estimate, Member, ModelCard
from automl.core.state import State
from automl.core.study import Objective, Plan, StudySpec, finish_reserve
from automl.core.trial import Trial
from automl.ensembling.crossfit import crossfit
from automl.ensembling.greedy import select
from automl.export import bounds, bundle, portable, report
from automl.export.ensemble import Part, TrainedMember
from automl.export.importance import Importance, importance
from automl.export.report import Findings
from automl.search.evaluate import fits, load_fit
from automl.search.prepare import Prepared

POOL = 25
"""So many of the best trials may enter the ensemble."""

LONGEST = -1.2345678901234567e-100
"""No number takes more characters."""

JUDGED_ROWS = 10_000
"""Weights are chosen on at most so many rows, evenly spread: the metric is the finish's cost."""


FINISH_SECONDS: Mapping[FamilyName, float] = MappingProxyType(
    {
        FamilyName.DECISION_TREE: 2.0,
        FamilyName.RANDOM_FOREST: 2.0,
        FamilyName.EXTRA_TREES: 2.0,
        FamilyName.LIGHTGBM: 4.0,
        FamilyName.CATBOOST: 3.0,
    }
)
"""Seconds of the finish for a million leaves; for a million weights of others there are `OTHERS`.
A member must be rebuilt, written, loaded and compared, and then sent: large forests gain little."""

OTHERS = 0.3

BESIDE = 1.0
"""Seconds of the finish for all that is not the members': estimate, importances, report."""

LEAST = 2.0
"""Seconds that the members may take, however small the budget: it has some to spare."""

MOST = 10.0
"""Seconds that the members may take together, whatever the budget: about 100 MB of trees."""


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


def finish(
    prepared: Prepared, entries: Sequence[Entry], *, previous: Sequence[Member] = ()
) -> Finished:
    """Return the best weighted set of the entries as a model file that was checked.

    The test rows are read here, once. Without test rows the estimate comes from out-of-fold rows,
    with the weights cross-fitted so that choosing them does not flatter it.

    Args:
        prepared: the study's rows.
        entries: its complete trials, at least one.
        previous: the members of the model that the study had when it ended before; they are weighed
            as they were, and win unless new ones are better out of fold.

    Raises:
        ExportFailed: no member gave equal outputs as a file, or none is within the bounds.
    """
    pool = best_entries(prepared.plan, entries, keep=[member.trial for member in previous])
    predictions = [np.asarray(entry.out_of_fold(), dtype=np.float64) for entry in pool]
    weights = choose_weights(prepared, pool, predictions, previous)
    file, kept = _bounded(prepared, pool, predictions, weights)
    source, truth, judged = _estimate(
        prepared, file, [pool[index] for index in kept], [predictions[index] for index in kept]
    )
    card = replace(
        _draft(prepared, file),
        value=prepared.score(truth, judged),
        source=source,
        metrics=_intervals(prepared, truth, judged),
    )
    digest = spec_digest(prepared)
    content = _write(prepared, file, card)
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


def best_entries(plan: Plan, entries: Sequence[Entry], *, keep: Sequence[int] = ()) -> list[Entry]:
    """Return the best `POOL` entries, the best of each family and those to ``keep``, best first."""
    sign = -1.0 if metric.maximize(plan.metric) else 1.0
    ranked = sorted(entries, key=lambda e: (sign * (e.trial.value or 0.0), e.trial.number))
    firsts = {entry.trial.candidate.family: entry for entry in reversed(ranked)}
    chosen = {*keep, *(e.trial.number for e in [*ranked[:POOL], *firsts.values()])}
    return [entry for entry in ranked if entry.trial.number in chosen]


def choose_members(
    prepared: Prepared, pool: Sequence[Entry], predictions: Sequence[Floats]
) -> list[TrainedMember]:
    """Return the weighted set that judges best on all out-of-fold rows, folds rebuilt."""
    return _trained(prepared, pool, choose_weights(prepared, pool, predictions))


def choose_weights(
    prepared: Prepared,
    pool: Sequence[Entry],
    predictions: Sequence[Floats],
    previous: Sequence[Member] = (),
) -> tuple[float, ...]:
    """Return a weight for each entry: the best found out of fold, or the previous if as good."""
    paid = prices(pool)
    chosen = _choose(prepared, predictions, np.arange(len(prepared.judged)), paid)
    old = {member.trial: member.weight for member in previous}
    before = tuple(old.get(entry.trial.number, 0.0) for entry in pool)
    if not old or np.count_nonzero(before) < len(old):
        return chosen  # of another study's past, or so far behind that its arrays are gone
    truth = prepared.y[prepared.judged]
    now, then = (
        prepared.score(truth, _mixed(predictions, weights)) for weights in (chosen, before)
    )
    return chosen if metric.better(prepared.plan.metric, now, then) else before


def prices(entries: Sequence[Entry]) -> list[float]:
    """Return about how many seconds of the finish each takes as a member."""
    trials = [entry.trial for entry in entries]
    return [
        FINISH_SECONDS.get(trial.candidate.family, OTHERS) * (trial.parameters or 0) / 1e6
        for trial in trials
    ]


def most(spec: StudySpec, outputs: int) -> float:
    """Return how many seconds the members of a model may take together."""
    seconds = spec.budget.seconds
    if seconds is None:
        return MOST
    return min(MOST, max(LEAST, finish_reserve(seconds, outputs) - BESIDE))


def train_member(prepared: Prepared, entry: Entry, weight: float) -> TrainedMember:
    """Return an entry with its folds rebuilt from their stored states."""
    candidate = entry.trial.candidate
    parts = []
    for index, state in fits(entry.fitted()):
        parts.append(Part(*prepared.fitted(index, candidate), load_fit(candidate, state)))
    return TrainedMember(entry.trial.number, candidate.family, weight, tuple(parts))


def spec_digest(prepared: Prepared) -> str:
    """Return the sha-256 of what determines the search: no ids, no names, no priority."""
    spec: dict[str, Any] = asdict(prepared.spec)
    for name in ("dataset_id", "test_dataset_id", "name", "priority"):
        del spec[name]
    spec["test_sha256"] = prepared.test_sha256
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()


def _mixed(predictions: Sequence[Floats], weights: Sequence[float]) -> Floats:
    mean = np.zeros_like(predictions[0])
    for prediction, weight in zip(predictions, weights, strict=True):
        if weight > 0:
            mean += weight * prediction
    return mean


def _trained(
    prepared: Prepared, pool: Sequence[Entry], weights: Sequence[float]
) -> list[TrainedMember]:
    return [
        train_member(prepared, entry, weight)
        for entry, weight in zip(pool, weights, strict=True)
        if weight > 0
    ]


def _build(
    prepared: Prepared, pool: Sequence[Entry], weights: Sequence[float]
) -> portable.Portable:
    members = _trained(prepared, pool, weights)
    return portable.build(
        prepared.plan, prepared.inputs, members, prepared.frame, seed=prepared.spec.seed
    )


def _bounded(
    prepared: Prepared,
    pool: Sequence[Entry],
    predictions: Sequence[Floats],
    weights: Sequence[float],
) -> tuple[portable.Portable, Sequence[int]]:
    """Return a file within the study's bounds and which of the pool it was chosen from.

    The member that costs most for its weight goes until the rest is within the bounds; where even
    the last is not, the best trial that is, is the model.

    Raises:
        ExportFailed: no trial is.
    """
    file = _build(prepared, pool, weights)
    if prepared.spec.objective == Objective():
        return file, range(len(pool))
    kept = [index for index, weight in enumerate(weights) if weight > 0]
    while _measured(prepared, file).excess(prepared.spec.objective) > 1 and len(kept) > 1:
        costs = [
            _alone(prepared, pool[index])[0].excess(prepared.spec.objective) / weights[index]
            for index in kept
        ]
        kept.pop(int(np.argmax(costs)))
        again = _choose(
            prepared, [predictions[index] for index in kept], np.arange(len(prepared.judged))
        )
        weights = [again[kept.index(i)] if i in kept else 0.0 for i in range(len(pool))]
        kept = [index for index in kept if weights[index] > 0]
        file = _build(prepared, pool, weights)
    if _measured(prepared, file).excess(prepared.spec.objective) <= 1:
        return file, kept
    return _first_within(prepared, pool)


def _first_within(
    prepared: Prepared, pool: Sequence[Entry]
) -> tuple[portable.Portable, Sequence[int]]:
    """Return the best trial whose own file is within the bounds."""
    measures: list[bounds.Measure] = []
    too_large: dict[FamilyName, int] = {}
    for index, entry in enumerate(pool):
        family, parameters = entry.trial.candidate.family, entry.trial.parameters or 0
        if parameters >= too_large.get(family, parameters + 1):
            continue  # a smaller one of its family was too much already
        measured, file = _alone(prepared, entry)
        if file is not None and measured.excess(prepared.spec.objective) <= 1:
            return file, [index]
        too_large[family] = parameters
        measures.append(measured)
    least = min(measures, key=lambda item: item.excess(prepared.spec.objective))
    took = f"{least.bytes} bytes"
    if least.row_ms is not None:
        took += f" and {least.row_ms:.3g} ms for a row"
    raise ExportFailed(f"No trial's model is within the objective; the nearest takes {took}.")


def _alone(prepared: Prepared, entry: Entry) -> tuple[bounds.Measure, portable.Portable | None]:
    """Return the file of a single trial, None for one that cannot be a file, and what it takes."""
    try:
        file = _build(prepared, [entry], [1.0])
    except ExportFailed:
        return bounds.Measure(2**62, None), None
    return _measured(prepared, file), file


def _measured(prepared: Prepared, file: portable.Portable) -> bounds.Measure:
    size = len(_write(prepared, file, _draft(prepared, file)))
    return bounds.measure(file, size, prepared.spec.objective, prepared.frame)


def _draft(prepared: Prepared, file: portable.Portable) -> ModelCard:
    """Return the card before the estimate, which is as long as numbers get."""
    plan = prepared.plan
    unknown = Estimate(LONGEST, LONGEST, LONGEST)
    return ModelCard(
        task=plan.task,
        target=plan.target,
        metric=plan.metric,
        value=LONGEST,
        source="out_of_fold",
        metrics=dict.fromkeys(metric.allowed(plan.task, len(plan.classes)), unknown),
        members=tuple(member.share for member in file.members),
        inputs=prepared.inputs,
        classes=plan.classes,
        parity=file.parity,
        excluded=file.excluded,
    )


def _write(prepared: Prepared, file: portable.Portable, card: ModelCard) -> bytes:
    return file.write(
        card,
        seed=prepared.spec.seed,
        dataset_sha256=prepared.dataset_sha256,
        spec_sha256=spec_digest(prepared),
    )


def _choose(
    prepared: Prepared,
    predictions: Sequence[Floats],
    rows: npt.NDArray[np.intp],
    paid: Sequence[float] | None = None,
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
        prices=paid,
        most=most(prepared.spec, prepared.plan.outputs),
    )


def _estimate(
    prepared: Prepared,
    file: portable.Portable,
    entries: Sequence[Entry],
    predictions: Sequence[Floats],
) -> tuple[Literal["test", "out_of_fold"], npt.NDArray[Any], Floats]:
    """Return where the final estimate comes from, the true targets there and the predictions."""
    if prepared.test is not None and len(prepared.test[1]):
        frame, truth = prepared.test
        return "test", truth, file.predict(frame)
    judged = crossfit(
        predictions,
        _parts(prepared),
        lambda some, rows: _choose(prepared, some, rows, prices(entries)),
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
