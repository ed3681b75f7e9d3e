"""Trials in the order of their values, and as rows that programs read."""

from collections.abc import Iterable
from typing import Any

from automl.core import metric
from automl.core.catalog import MetricName
from automl.core.trial import Trial


def ranked(trials: Iterable[Trial], name: MetricName) -> list[Trial]:
    """Return the best first, those without a value last; of equals the older first."""
    sign = -1.0 if metric.maximize(name) else 1.0
    return sorted(trials, key=lambda t: (t.value is None, sign * (t.value or 0.0), t.number))


def row(trial: Trial) -> dict[str, Any]:
    """Return a trial of a search without a service as a service shows one.

    It has no times of day: its clock was none for people.
    """
    return {
        "number": trial.number,
        "state": trial.state.value,
        "family": trial.candidate.family.value,
        "params": dict(trial.candidate.params),
        "value": trial.value,
        "fold_values": list(trial.fold_values),
        "epochs": trial.epochs,
        "seconds": None if trial.seconds is None else round(trial.seconds, 3),
        "worker": trial.worker,
        "attempts": trial.attempts,
        "reason": None if trial.reason is None else trial.reason.value,
        "message": trial.message,
        "parameters": trial.parameters,
        "started_at": None,
        "finished_at": None,
    }
