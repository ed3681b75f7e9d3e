"""What happens between two rounds: losses are read, reports made and orders heard.

CatBoost calls back after every round with its losses, but not with its predictions; those it shows
to a metric of one's own, so this is also one, of which only that is used.
"""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from automl.core.catalog import TrialFailure
from automl.core.errors import TrialError
from automl.core.frame import Floats
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Fold
from automl.core.trail import Trail, marked
from automl.core.trial import CurvePoint
from automl.families import chances
from automl.families.catboost.classes import Classes
from automl.families.pace import Pace

REPORT_EVERY = 10
"""Rounds between reports."""


class Watch:
    """Follows one training and ends it; `ended` says how many rounds to keep.

    ``trail`` is what it said on its way, None where nobody asked.
    """

    no_jit = True
    """CatBoost would ask for a compiler."""

    def __init__(
        self, params: Params, fold: Fold, control: Control, *, classes: Classes, loss: str
    ) -> None:
        self._fold = fold
        self._classes = classes
        self._control = control
        self._pace = Pace(control)
        self._loss = loss
        self._rounds = int(params["max_rounds"])
        self._patience = int(params["patience"])
        self._sums: Floats = np.zeros((len(fold.valid.y), len(classes.learned)))
        self._best, self._lowest = 0, np.inf
        self._error: BaseException | None = None
        self.trail = Trail() if fold.followed else None

    def __deepcopy__(self, memo: object) -> "Watch":
        return self  # CatBoost copies its settings, but this must hear of what it sees

    def ended(self) -> int:
        """Return how many rounds to keep.

        Raises:
            TrialError: the loss was not a number.
            TrialStopped: the control said so.
        """
        if self._error is not None:
            raise self._error
        return self._best

    def after_iteration(self, info: SimpleNamespace) -> bool:
        """Return whether to go on. What is raised here would be lost in CatBoost."""
        try:
            return self._goes_on(info.iteration, info.metrics)
        except BaseException as error:  # noqa: BLE001 -- raised again by `ended`
            self._error = error
            return False

    def _goes_on(self, epoch: int, metrics: dict[str, dict[str, list[float]]]) -> bool:
        self._control.check()
        train, valid = (metrics[rows][self._loss][-1] for rows in ("learn", "validation"))
        if not np.isfinite(valid):
            raise TrialError(
                TrialFailure.NON_FINITE_LOSS, f"The validation loss was {valid} in round {epoch}."
            )
        if valid < self._lowest:
            self._best, self._lowest = epoch, valid
        stale = epoch - self._best >= self._patience
        ends = stale or epoch == self._rounds or self._pace.over()
        if self.trail is not None and (ends or marked(epoch)):
            self.trail.add(epoch, valid, self._said())
        if ends or epoch % REPORT_EVERY == 1:
            value = self._fold.score(self._said())
            power = 2 if self._fold.outputs == 1 else 1  # of the error's root
            self._control.report(
                CurvePoint(
                    epoch,
                    train_loss=train**power,
                    valid_loss=valid**power,
                    value=float(value) if np.isfinite(value) else None,
                    seconds=self._pace.lap(),
                )
            )
        return not ends

    def _said(self) -> Floats:
        """Return what the trees say of the validation rows."""
        sums = self._classes.whole(self._sums, self._classes.absent)
        return chances.of(sums, self._fold.outputs)

    def evaluate(
        self, sums: Sequence[Floats], _target: object, _weight: object
    ) -> tuple[float, float]:
        """Remember the trees' sums, which are only lent; the validation rows are asked for last."""
        self._sums = np.column_stack(sums)
        return 0.0, 1.0

    def is_max_optimal(self) -> bool:
        """Return which way is better, which nobody asks."""
        return False

    def get_final_error(self, error: float, _weight: float) -> float:
        """Return the metric of all rows."""
        return error
