"""Curve points as they come in: full curves in rows, one event of the latest point."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from automl.core.catalog import EventType
from automl.core.trial import Attempt, CurvePoint
from automl.store.ends import hold
from automl.store.ledger import Ledger
from automl.store.tables import points

_MEASURED = (
    "fold",
    "train_loss",
    "valid_loss",
    "value",
    "learning_rate",
    "gradient_norm",
    "seconds",
)


def record(ledger: Ledger, attempt: Attempt, curve: Sequence[CurvePoint]) -> None:
    """Add the points of a held trial; an epoch that is trained again replaces its point."""
    hold(ledger, attempt)
    found = {point.epoch: _row(attempt, point) for point in curve}
    insert = ledger.tx.insert(points)
    ledger.tx.writer.execute(
        insert.on_conflict_do_update(
            index_elements=list(points.primary_key),
            set_={name: insert.excluded[name] for name in _MEASURED},
        ),
        list(found.values()),
    )
    ledger.event(EventType.TRIAL_EPOCH, trial=attempt.number, **asdict(curve[-1]))


def _row(attempt: Attempt, point: CurvePoint) -> dict[str, Any]:
    measured = {name: _finite(getattr(point, name)) for name in _MEASURED}
    where = {"study_id": attempt.study_id, "trial": attempt.number, "epoch": point.epoch}
    return {**where, **measured, "seconds": measured["seconds"] or 0.0}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
