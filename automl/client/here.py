"""A search on this machine as somebody sees it: drawn on a terminal, a few lines elsewhere."""

import os
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console

from automl.client.gauge import span
from automl.client.screen import Screen
from automl.client.tables import shown
from automl.client.told import Told
from automl.core.study import Budget, Plan
from automl.core.trial import Trial

STOPPING = "Stopping: the model is made of the trials so far. Ctrl-C again ends without one."


class Watch:
    """Shows a search while it runs.

    Args:
        console: where to.
        name: of what is searched.
        budget: of the search.
        quiet: whether nobody looks at what it prints: then it draws nothing.
    """

    def __init__(self, console: Console, name: str, budget: Budget, *, quiet: bool) -> None:
        self.told: Told | None = None
        """What is known of the search, once there is a plan."""
        self._console = console
        self._name = name
        self._budget = budget
        self._started = time.monotonic()
        seen = console.is_terminal and not console.is_dumb_terminal
        self._screen = Screen(console) if seen and sys.stdout.isatty() and not quiet else None

    def __enter__(self) -> Self:
        if self._screen is not None:
            self._screen.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._screen is not None:
            self._screen.__exit__(kind, error, trace)

    def note(self, plan: Plan, trials: Sequence[Trial]) -> None:
        """Take note of the trials so far, whenever one of them changes."""
        if self.told is None:
            self.told = Told(self._name, plan, self._budget, started=self._started)
        better = self.told.note(trials)
        if self._screen is not None:
            self._screen.show(self.told.study(), self.told.trials(), self.told.course)
        elif better and (best := self.told.best) is not None:
            spent = span(time.monotonic() - self._started)
            value = f"{plan.metric.value} {shown(best['value'])}"
            line = f"{spent}: trial {best['trial']} ({best['family']}): {value}"
            self._console.print(line, markup=False, highlight=False)

    def stopping(self) -> None:
        """Say that the search ends now; called where a signal is handled."""
        if self.told is not None:
            self.told.stopping = True
        if self._screen is not None:
            self._screen.note = STOPPING
        else:
            os.write(sys.stderr.fileno(), f"{STOPPING}\n".encode())
