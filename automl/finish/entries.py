"""The complete trials that a study ends with, and which of them may become members."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core import metric
from automl.core.state import State
from automl.core.study import Plan
from automl.core.trial import Trial

OutOfFold = npt.NDArray[np.floating[Any]]
"""What a trial says of the judged rows, ``(rows, outputs)``: as stored, nearly always
float32, and 64 bits only of what is reckoned with, since those of the whole pool stay in memory
until the finish ends."""

POOL = 25
"""So many of the best trials may enter the ensemble."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A complete trial that may become a member; its arrays are read only when needed."""

    trial: Trial
    out_of_fold: Callable[[], OutOfFold]
    fitted: Callable[[], State]


def best_entries(plan: Plan, entries: Sequence[Entry], *, keep: Sequence[int] = ()) -> list[Entry]:
    """Return the best `POOL` entries, the best of each family and those to ``keep``, best first."""
    sign = -1.0 if metric.maximize(plan.metric) else 1.0
    ranked = sorted(entries, key=lambda e: (sign * (e.trial.value or 0.0), e.trial.number))
    firsts = {entry.trial.candidate.family: entry for entry in reversed(ranked)}
    chosen = {*keep, *(e.trial.number for e in [*ranked[:POOL], *firsts.values()])}
    return [entry for entry in ranked if entry.trial.number in chosen]
