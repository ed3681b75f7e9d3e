"""How good the model is: on test rows that nobody saw, else on out-of-fold rows, cross-fitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl.core import metric
from automl.core.catalog import MetricName
from automl.core.decision import Decision
from automl.core.frame import Floats, Ints
from automl.core.mixture import Mixture
from automl.core.model import Estimate
from automl.ensembling.crossfit import Rows, crossfit, deal
from automl.export.portable import Portable
from automl.finish.entries import Entry, OutOfFold
from automl.finish.prices import prices
from automl.finish.weights import Chosen, choose_again, decide
from automl.search.prepare import Prepared

WIDER = 1.2
"""So much wider are intervals from out-of-fold rows: drawing rows anew says nothing of the search,
which looked at them, nor of the file, which holds other fits than were judged. Without it they held
the truth in 85 to 95 % of small studies, with it in about as many as those of test rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The rows that the final estimate is made of, and what the model says of them.

    ``truth`` is ``(rows,)``, ``predictions`` ``(rows, outputs)``; ``labels`` are class indices,
    ``(rows,)``, of no meaning for regression.
    """

    source: Literal["test", "out_of_fold"]
    truth: npt.NDArray[Any]
    predictions: Floats
    labels: Ints


def judge(
    prepared: Prepared,
    file: Portable,
    entries: Sequence[Entry],
    predictions: Sequence[OutOfFold],
    chosen: Chosen,
) -> Judged:
    """Return the rows that tell how good the model is, predicted without having been seen."""
    if prepared.test is not None and len(prepared.test[1]):
        frame, truth = prepared.test
        answers = file.predict(frame)
        return Judged("test", truth, answers, file.decision.labels(answers))
    return crossed(prepared, entries, predictions, chosen)


def intervals(prepared: Prepared, judged: Judged) -> dict[MetricName, Estimate]:
    """Return every metric of the task with its 95 % interval."""
    plan = prepared.plan

    def interval(name: MetricName) -> Estimate:
        found = metric.bootstrap(
            name,
            judged.truth,
            judged.predictions,
            positive=plan.positive,
            seed=prepared.spec.seed,
            labels=judged.labels,
        )
        return found if judged.source == "test" else _widened(name, found)

    return {name: interval(name) for name in metric.allowed(plan.task, len(plan.classes))}


def crossed(
    prepared: Prepared,
    entries: Sequence[Entry],
    predictions: Sequence[OutOfFold],
    chosen: Chosen,
) -> Judged:
    """Return every fold's rows by weights and decision that were chosen on those of the others."""
    truth, paid = prepared.y[prepared.judged], prices(prepared, entries)
    answers, labels = np.zeros(predictions[0].shape), np.zeros(len(truth), np.int64)

    def choose(rows: Rows) -> tuple[Mixture, Decision]:
        mixture = choose_again(prepared, predictions, rows, paid, chosen.blend)
        return mixture, decide(prepared, mixture.of(predictions), rows)

    for part, (mixture, decision) in crossfit(_parts(prepared), choose):
        answers[part] = decision.probabilities(mixture.of([p[part] for p in predictions]))
        labels[part] = decision.labels(answers[part])
    return Judged("out_of_fold", truth, answers, labels)


def _widened(name: MetricName, found: Estimate) -> Estimate:
    least, most = metric.limits(name)
    low, high = (found.value + WIDER * (end - found.value) for end in (found.low, found.high))
    return Estimate(found.value, max(low, least), min(high, most))


def _parts(prepared: Prepared) -> list[Rows]:
    """Return the judged rows fold by fold; a holdout's are dealt, kin to one part."""
    if len(prepared.folds) == 1:
        kin = prepared.kin.take(prepared.judged) if prepared.kin else None
        return deal(prepared.y[prepared.judged], kin=kin)
    return [np.searchsorted(prepared.judged, valid) for _, valid in prepared.folds]
