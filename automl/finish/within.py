"""A model within what its user allows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from automl.core.catalog import FamilyName
from automl.core.errors import ExportFailed
from automl.core.mixture import Mixture
from automl.core.study import Objective
from automl.export import bounds
from automl.export.portable import Portable
from automl.finish.entries import Entry, OutOfFold
from automl.finish.files import build, draft, write
from automl.finish.prices import prices
from automl.finish.weights import Chosen, every, weigh
from automl.search.prepare import Prepared


def within(
    prepared: Prepared,
    pool: Sequence[Entry],
    predictions: Sequence[OutOfFold],
    chosen: Chosen,
) -> tuple[Portable, Chosen, Sequence[int]]:
    """Return a file within the study's bounds, how it was chosen, and of which of the pool.

    The member that costs most for its weight goes until the rest is within the bounds; where even
    the last is not, the best trial that is, is the model.

    Raises:
        ExportFailed: no trial is.
    """
    file = build(prepared, pool, predictions, chosen.mixture)
    if file.geometric != chosen.mixture.geometric:
        chosen = replace(chosen, blend=None)
    if prepared.spec.objective == Objective():
        return file, chosen, range(len(pool))
    weights = chosen.mixture.weights
    kept = [index for index, weight in enumerate(weights) if weight > 0]
    while _measured(prepared, file).excess(prepared.spec.objective) > 1 and len(kept) > 1:
        costs = [
            _alone(prepared, pool[index], predictions[index])[0].excess(prepared.spec.objective)
            / weights[index]
            for index in kept
        ]
        kept.pop(int(np.argmax(costs)))
        left = [predictions[index] for index in kept]
        paid = prices(prepared, [pool[index] for index in kept])
        again = weigh(prepared, left, every(prepared), paid)
        weights = tuple(again[kept.index(i)] if i in kept else 0.0 for i in range(len(pool)))
        kept = [index for index in kept if weights[index] > 0]
        file = build(prepared, pool, predictions, Mixture(weights))
    if _measured(prepared, file).excess(prepared.spec.objective) <= 1:
        return file, chosen, kept
    file, kept = _first_within(prepared, pool, predictions)
    return file, chosen, kept


def _first_within(
    prepared: Prepared, pool: Sequence[Entry], predictions: Sequence[OutOfFold]
) -> tuple[Portable, list[int]]:
    """Return the best trial whose own file is within the bounds."""
    measures: list[bounds.Measure] = []
    too_large: dict[FamilyName, int] = {}
    for index, entry in enumerate(pool):
        family, parameters = entry.trial.candidate.family, entry.trial.parameters or 0
        if parameters >= too_large.get(family, parameters + 1):
            continue  # a smaller one of its family was too much already
        measured, file = _alone(prepared, entry, predictions[index])
        if file is not None and measured.excess(prepared.spec.objective) <= 1:
            return file, [index]
        too_large[family] = parameters
        measures.append(measured)
    least = min(measures, key=lambda item: item.excess(prepared.spec.objective))
    took = f"{least.bytes} bytes"
    if least.row_ms is not None:
        took += f" and {least.row_ms:.3g} ms for a row"
    raise ExportFailed(f"No trial's model is within the objective; the nearest takes {took}.")


def _alone(
    prepared: Prepared, entry: Entry, prediction: OutOfFold
) -> tuple[bounds.Measure, Portable | None]:
    """Return the file of a single trial, None for one that cannot be a file, and what it takes."""
    try:
        file = build(prepared, [entry], [prediction], Mixture((1.0,)))
    except ExportFailed:
        return bounds.Measure(2**62, None), None
    return _measured(prepared, file), file


def _measured(prepared: Prepared, file: Portable) -> bounds.Measure:
    size = len(write(prepared, file, draft(prepared, file)))
    return bounds.measure(file, size, prepared.spec.objective, prepared.frame)
