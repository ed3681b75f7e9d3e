"""How far a study is, and how long it will still take."""

from dataclasses import dataclass

from automl.core.catalog import StudyStatus
from automl.core.study import Study


@dataclass(frozen=True, slots=True)
class Progress:
    """``fraction`` is 1 exactly when the study has ended; ``eta_seconds`` None: cannot be said."""

    fraction: float
    elapsed_seconds: float
    eta_seconds: float | None


ALMOST = 0.999
"""What a study that has not ended shows at most."""


def progress(study: Study) -> Progress:
    """Return how far the study is by whichever part of its budget ends first."""
    elapsed = study.elapsed_seconds
    if study.status.ended:
        return Progress(1.0, elapsed, 0.0)
    budget = study.spec.budget
    ended = sum(count for state, count in study.counts.items() if state.ended)
    fractions, left = [0.0], []
    if budget.seconds is not None:
        fractions.append(elapsed / budget.seconds)
        left.append(max(0.0, budget.seconds - elapsed))
    if budget.trials is not None:
        fractions.append(ended / budget.trials)
        if ended:
            left.append(max(0, budget.trials - ended) * elapsed / ended)
    moving = study.status in (StudyStatus.RUNNING, StudyStatus.FINALIZING)
    eta = min(left) if moving and left else None
    return Progress(min(ALMOST, max(fractions)), elapsed, eta)
