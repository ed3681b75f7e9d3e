"""A search on this machine, told as the service tells of its own.

So one view draws both, and what a script reads of one it can read of the other.
"""

import time
from collections.abc import Sequence
from typing import Any

from automl.client.course import Course, Running
from automl.core import leaderboard, metric
from automl.core.catalog import TrialState
from automl.core.study import Budget, Plan, finish_reserve
from automl.core.trial import Trial

Json = dict[str, Any]


class Told:
    """What is known of a search that runs right here.

    Args:
        name: what to call it.
        plan: what it does.
        budget: when it ends.
        started: when it began, on the monotonic clock.
    """

    def __init__(self, name: str, plan: Plan, budget: Budget, *, started: float) -> None:
        self.course = Course()
        self.stopping = False
        """Whether it was told to end: nobody knows then how long the finish takes."""
        self._name = name
        self._plan = plan
        self._budget = budget
        self._started = started
        self._trials: Sequence[Trial] = ()

    def note(self, trials: Sequence[Trial]) -> bool:
        """Take note of all trials so far; return whether one of them is better than before."""
        self._trials = list(trials)
        self.course.latest = time.monotonic()
        self.course.running = {
            trial.number: Running(trial.number, trial.candidate.family.value, trial.epochs)
            for trial in trials
            if not trial.state.ended
        }
        best = self.best
        if best is None or best["value"] in [value for _, value in self.course.bests]:
            return False
        self.course.bests.append((self.course.latest, best["value"]))
        return True

    @property
    def best(self) -> Json | None:
        """The best trial, its family and its value, None before any is complete."""
        if not self._trials or (first := self._ranked()[0]).value is None:
            return None
        family = first.candidate.family.value
        return {"trial": first.number, "family": family, "value": first.value}

    def study(self, status: str | None = None) -> Json:
        """Return the study as it stands.

        Args:
            status: how it ended; None: it goes on.
        """
        spent = time.monotonic() - self._started
        name = self._plan.metric
        return {
            "name": self._name,
            "status": status or self._status(spent),
            "task": {"type": self._plan.task.value, "target": self._plan.target},
            "metric": {
                "name": name.value,
                "direction": "maximize" if metric.maximize(name) else "minimize",
            },
            "budget": {"seconds": self._budget.seconds, "trials": self._budget.trials},
            "progress": self._progress(spent) if status is None else self._ended(spent),
            "best": self.best,
            "baseline": {"value": self._plan.baseline},
        }

    def trials(self) -> list[Json]:
        """Return the trials, the best first, those without a value last."""
        return [leaderboard.row(trial) for trial in self._ranked()]

    def _ranked(self) -> list[Trial]:
        return leaderboard.ranked(self._trials, self._plan.metric)

    def _status(self, spent: float) -> str:
        seconds, trials = self._budget.seconds, self._budget.trials
        reserve = 0.0 if seconds is None else finish_reserve(seconds, self._plan.outputs)
        late = seconds is not None and spent >= seconds - reserve
        done = late or self.stopping or (trials is not None and self._count(ended=True) >= trials)
        return "finalizing" if done and not self._count(ended=False) else "running"

    def _progress(self, spent: float) -> Json:
        """Return how far it is by whichever part of its budget ends first."""
        ended = self._count(ended=True)
        fractions, left = [0.0], []
        if self._budget.seconds is not None:
            fractions.append(spent / self._budget.seconds)
            left.append(max(0.0, self._budget.seconds - spent))
        if self._budget.trials is not None:
            fractions.append(ended / self._budget.trials)
            left += [(self._budget.trials - ended) * spent / ended] if ended else []
        return {
            "fraction": round(min(1.0, max(fractions)), 4),
            "elapsed_seconds": round(spent, 3),
            "eta_seconds": round(min(left), 3) if left and not self.stopping else None,
            "trials": self._counts(),
        }

    def _ended(self, spent: float) -> Json:
        return {
            "fraction": 1.0,
            "elapsed_seconds": round(spent, 3),
            "eta_seconds": 0.0,
            "trials": self._counts(),
        }

    def _counts(self) -> dict[str, int]:
        states = [trial.state for trial in self._trials]
        return {state.value: states.count(state) for state in TrialState}

    def _count(self, *, ended: bool) -> int:
        return sum(trial.state.ended is ended for trial in self._trials)
