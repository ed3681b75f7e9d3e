"""What the finish found out, at hand for the report."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core import metric
from automl.core.catalog import ColumnKind
from automl.core.frame import Floats, Frame
from automl.core.model import ModelCard
from automl.core.report import Example, Rival
from automl.core.study import finish_reserve
from automl.core.trial import Trial
from automl.export.examples import examples
from automl.export.importance import Importance, importance
from automl.export.portable import Portable
from automl.export.report import Findings
from automl.finish.estimate import Judged
from automl.finish.files import spec_digest
from automl.finish.preview import preview
from automl.search.prepare import Prepared


def findings(
    prepared: Prepared,
    file: Portable,
    card: ModelCard,
    judged: Judged,
    *,
    content: bytes,
    trials: Sequence[Trial],
    rivals: Sequence[Rival],
) -> Findings:
    """Return all that the report tells of; ``content`` is the model file as it is handed out."""
    return Findings(
        plan=prepared.plan,
        card=card,
        truth=judged.truth,
        judged=judged.predictions,
        labels=judged.labels,
        y=prepared.y,
        trials=trials,
        importance=_importance(prepared, file),
        rivals=rivals,
        warnings=[*prepared.plan.warnings, *prepared.warnings],
        spec=prepared.spec,
        dataset_sha256=prepared.dataset_sha256,
        spec_sha256=spec_digest(prepared),
        content=content,
        examples=_examples(prepared, judged),
        preview=preview(prepared, file.members, trials),
    )


def _examples(prepared: Prepared, judged: Judged) -> list[Example]:
    """Return rows to look at, where a row is one thing to look at."""
    item = prepared.inputs[0]
    if len(prepared.inputs) > 1 or not (item.kind.array or item.kind is ColumnKind.TEXT):
        return []

    def read(places: npt.NDArray[np.intp]) -> Frame:
        if judged.source == "test" and prepared.test is not None:
            return prepared.test[0].take(places)
        return prepared.frame.take(prepared.judged[places])

    return examples(
        prepared.plan,
        item,
        read,
        truth=judged.truth,
        judged=judged.predictions,
        labels=judged.labels,
    )


def _importance(prepared: Prepared, file: Portable) -> Importance:
    frame, truth = prepared.test or (prepared.frame, prepared.y)
    if not len(truth):
        frame, truth = prepared.frame, prepared.y
    plan = prepared.plan

    def score(truth: npt.NDArray[Any], answers: Floats) -> float:
        labels = file.decision.labels(answers)
        return metric.score(plan.metric, truth, answers, positive=plan.positive, labels=labels)

    budget = prepared.spec.budget.seconds
    return importance(
        file,
        frame,
        truth,
        score=score,
        maximize=metric.maximize(plan.metric),
        seed=prepared.spec.seed,
        seconds=None if budget is None else min(5.0, 0.2 * finish_reserve(budget, plan.outputs)),
    )
