"""From weighted entries to a checked model file with its card."""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from automl.core import metric
from automl.core.catalog import Modality
from automl.core.errors import ExportFailed
from automl.core.mixture import Mixture
from automl.core.model import Estimate, ModelCard
from automl.ensembling import bag
from automl.export import portable
from automl.export.ensemble import Part, TrainedMember
from automl.finish.entries import Entry, OutOfFold
from automl.finish.prices import prices, tax
from automl.finish.weights import decide, every, weigh
from automl.search.evaluate import fits, load_fit
from automl.search.prepare import Prepared

LONGEST = -1.2345678901234567e-100
"""No number takes more characters."""


def build(
    prepared: Prepared,
    pool: Sequence[Entry],
    predictions: Sequence[OutOfFold],
    mixture: Mixture,
) -> portable.Portable:
    """Return the weighted entries as a program that was compared with what was trained.

    ``predictions`` are the entries', out of fold: they tell what becomes of what the members say
    together. Where a file of logarithms differs the greedy weights are taken instead.

    Raises:
        ExportFailed: no member gave equal outputs.
    """
    try:
        return _built(prepared, pool, predictions, mixture)
    except ExportFailed:
        if not mixture.geometric:
            raise
    greedy = weigh(prepared, predictions, every(prepared), prices(prepared, pool))
    return _built(prepared, pool, predictions, Mixture(greedy))


def _built(
    prepared: Prepared,
    pool: Sequence[Entry],
    predictions: Sequence[OutOfFold],
    mixture: Mixture,
) -> portable.Portable:
    return portable.build(
        prepared.plan,
        prepared.inputs,
        _trained(prepared, pool, mixture.weights),
        prepared.frame,
        seed=prepared.spec.seed,
        geometric=mixture.geometric,
        decision=decide(prepared, mixture.of(predictions), every(prepared)),
    )


def train_member(
    prepared: Prepared, entry: Entry, weight: float, keep: Collection[int] | None = None
) -> TrainedMember:
    """Return an entry with its folds, or those at the places to ``keep``, rebuilt when needed."""
    candidate = entry.trial.candidate
    kept = range(len(prepared.fits(candidate))) if keep is None else keep

    def parts() -> Iterator[Part]:
        for place, (index, state) in enumerate(fits(entry.fitted())):
            if place in kept:
                yield Part(*prepared.fitted(index, candidate), load_fit(candidate, state))

    return TrainedMember(entry.trial.number, candidate.family, weight, len(kept), parts)


def draft(prepared: Prepared, file: portable.Portable) -> ModelCard:
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
        decision=file.decision,
        geometric=file.geometric,
    )


def write(prepared: Prepared, file: portable.Portable, card: ModelCard) -> bytes:
    """Return the bytes of the model file."""
    return file.write(
        card,
        seed=prepared.spec.seed,
        dataset_sha256=prepared.dataset_sha256,
        spec_sha256=spec_digest(prepared),
    )


def spec_digest(prepared: Prepared) -> str:
    """Return the sha-256 of what determines the search: no ids, no names, no priority."""
    spec: dict[str, Any] = asdict(prepared.spec)
    for name in ("dataset_id", "test_dataset_id", "name", "priority"):
        del spec[name]
    spec["test_sha256"] = prepared.test_sha256
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()


def _trained(
    prepared: Prepared, pool: Sequence[Entry], weights: Sequence[float]
) -> list[TrainedMember]:
    chosen = [(entry, weight) for entry, weight in zip(pool, weights, strict=True) if weight]
    kept = bag.keep(
        [abs(weight) for _, weight in chosen],
        _taxes(prepared, [entry for entry, _ in chosen]),
        [len(prepared.fits(entry.trial.candidate)) for entry, _ in chosen],
    )
    return [
        train_member(prepared, entry, weight, keep)
        for (entry, weight), keep in zip(chosen, kept, strict=True)
    ]


def _taxes(prepared: Prepared, chosen: Sequence[Entry]) -> list[float]:
    """Return what part of the error each must spare, 0 where members keep their folds whatever.

    Only tables' folds differ as little as `bag.SPREAD` says.
    """
    if prepared.plan.modality is not Modality.TABLE:
        return [0.0] * len(chosen)
    return [tax(prepared.plan, price) for price in prices(prepared, chosen)]
