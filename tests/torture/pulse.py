"""The work as clients see it live: strikes wait for it to go on, and fall where it is done."""

import threading
import time
from collections.abc import Mapping
from typing import Any

from tests.torture.fold import BACK, ENDS, OUTCOMES
from tests.torture.recovery import moment, parent


class Pulse:
    """Fed with every event that a reader sees; from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._begun = 0.0
        self._held: dict[tuple[str, int], int] = {}

    @property
    def busy(self) -> frozenset[int]:
        """The process ids of the workers that hold a trial."""
        with self._changed:
            return frozenset(self._held.values())

    def note(self, study: str, event: Mapping[str, Any]) -> None:
        """Take in an event of a study's log; old ones come again when another reader begins."""
        kind, data = event["type"], event["data"]
        with self._changed:
            if kind == "trial.started":
                self._held[study, data["trial"]] = parent(data["worker"])
                self._begun = max(self._begun, moment(event))
                self._changed.notify_all()
            elif kind in BACK or kind in OUTCOMES:
                self._held.pop((study, data["trial"]), None)
            elif kind in ENDS:
                self._held = {key: pid for key, pid in self._held.items() if key[0] != study}

    def beats(self, since: float, seconds: float) -> bool:
        """Wait until a trial has begun after ``since``, seconds since the epoch; not for ever."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._begun <= since and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            return self._begun > since
