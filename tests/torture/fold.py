"""A study's state out of its log alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

OUTCOMES = {
    "trial.completed": "complete",
    "trial.pruned": "pruned",
    "trial.failed": "failed",
    "trial.cancelled": "cancelled",
}
BACK = frozenset({"trial.released", "trial.retried"})
ENDS = frozenset({"study.succeeded", "study.failed", "study.cancelled"})
_STATUS = {
    "study.queued": "queued",
    "study.started": "running",
    "study.paused": "paused",
    "study.finalizing": "finalizing",
    "study.succeeded": "succeeded",
    "study.failed": "failed",
    "study.cancelled": "cancelled",
}


@dataclass(slots=True)
class Told:
    """A trial as its events tell it."""

    state: str = "waiting"
    attempts: int = 0
    worker: str | None = None
    value: float | None = None
    reason: str | None = None
    outcomes: int = 0


@dataclass(slots=True)
class State:
    """A study as its log tells it; ``strays`` are events that no state explains."""

    status: str = ""
    best: Mapping[str, Any] | None = None
    trials: dict[int, Told] = field(default_factory=dict)
    resumes: int = 0
    pauses: int = 0
    strays: list[str] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        """How many trials are in each state."""
        return Counter(trial.state for trial in self.trials.values())


def seconds(moment: str) -> float:
    """Return a moment as the service writes it in seconds since the epoch."""
    return datetime.fromisoformat(moment).timestamp()


def fold(events: Iterable[Mapping[str, Any]]) -> State:
    """Return what a log comes to."""
    state = State()
    for event in events:
        kind, data = event["type"], event["data"]
        if kind.startswith("trial."):
            _trial(state, event["seq"], kind, data)
        elif kind == "study.best":
            state.best = {name: data[name] for name in ("trial", "family", "value")}
        elif kind == "study.resumed":
            state.status = data["status"]
            state.resumes += 1
        elif kind in _STATUS:
            state.status = _STATUS[kind]
            state.pauses += kind == "study.paused"
    return state


def _trial(state: State, seq: int, kind: str, data: Mapping[str, Any]) -> None:
    number = data["trial"]
    trial = state.trials.setdefault(number, Told())
    if kind == "trial.started":
        if trial.state != "waiting" or data["attempt"] != trial.attempts + 1:
            state.strays.append(f"event {seq}: trial {number} started while {trial.state}")
        trial.state, trial.attempts, trial.worker = "running", data["attempt"], data["worker"]
        return
    cancelled_waiting = kind == "trial.cancelled" and trial.state == "waiting"
    if trial.state != "running" and not cancelled_waiting:
        state.strays.append(f"event {seq}: {kind} of trial {number}, which is {trial.state}")
    if "attempt" in data and (data["attempt"], data["worker"]) != (trial.attempts, trial.worker):
        state.strays.append(f"event {seq}: {kind} of trial {number} by a stale attempt")
    if kind in BACK:
        trial.state = "waiting"
    elif kind in OUTCOMES:
        trial.state, trial.outcomes = OUTCOMES[kind], trial.outcomes + 1
        trial.value, trial.reason = data.get("value"), data.get("reason")
