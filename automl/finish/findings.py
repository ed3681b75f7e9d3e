"""What the finish found out, at hand for the report."""

from collections.abc import Sequence

from automl.core import metric
from automl.core.model import ModelCard
from automl.core.study import finish_reserve
from automl.core.trial import Trial
from automl.export.importance import Importance, importance
from automl.export.portable import Portable
from automl.export.report import Findings
from automl.finish.estimate import Judged
from automl.finish.files import spec_digest
from automl.search.prepare import Prepared


def findings(
    prepared: Prepared,
    file: Portable,
    card: ModelCard,
    judged: Judged,
    trials: Sequence[Trial],
) -> Findings:
    """Return all that the report tells of."""
    return Findings(
        plan=prepared.plan,
        card=card,
        truth=judged.truth,
        judged=judged.predictions,
        trials=trials,
        importance=_importance(prepared, file),
        warnings=[*prepared.plan.warnings, *prepared.warnings],
        seed=prepared.spec.seed,
        dataset_sha256=prepared.dataset_sha256,
        spec_sha256=spec_digest(prepared),
    )


def _importance(prepared: Prepared, file: Portable) -> Importance:
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
