"""What a live view remembers of a study's way: who is training, and how the best value rose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from automl.client.gauge import Point

ENDS = frozenset(
    f"trial.{end}" for end in ("completed", "pruned", "failed", "cancelled", "released", "retried")
)
"""After these nobody trains the trial, for now or for good."""


@dataclass(frozen=True, slots=True)
class Running:
    """A trial in training, as far as it is."""

    number: int
    family: str
    epoch: int | None = None
    value: float | None = None
    """What the study's metric was in that epoch, where it was measured."""


@dataclass(slots=True)
class Course:
    """Events folded into what they mean for a screen."""

    bests: list[Point] = field(default_factory=list)
    latest: float = 0.0
    """The moment of the last thing known to have happened, on the clock of ``bests``."""
    running: dict[int, Running] = field(default_factory=dict)
    """Who is training now, by number."""

    def begin(
        self,
        running: Iterable[Mapping[str, Any]],
        complete: Iterable[Mapping[str, Any]],
        *,
        maximize: bool,
    ) -> None:
        """Take note of what happened before the first event: trials that run, trials that ended."""
        self.running = {t["number"]: Running(t["number"], t["family"]) for t in running}
        for trial in sorted(complete, key=lambda trial: str(trial["finished_at"])):
            value, moment = trial["value"], trial["finished_at"]
            if value is None or moment is None:
                continue
            best = self.bests[-1][1] if self.bests else None
            if best is None or (value > best if maximize else value < best):
                self.bests.append((_seconds(moment), value))
            self.latest = max(self.latest, _seconds(moment))

    def note(self, event: Mapping[str, Any]) -> None:
        """Take note of an event."""
        kind, data = event["type"], event.get("data", {})
        if "at" in event:
            self.latest = max(self.latest, _seconds(event["at"]))
        if kind == "study.best":
            self.bests.append((self.latest, data["value"]))
        elif kind == "trial.started":
            self.running[data["trial"]] = Running(data["trial"], data["family"])
        elif kind == "trial.epoch" and data.get("trial") in self.running:
            was = self.running[data["trial"]]
            now = replace(was, epoch=data["epoch"], value=data.get("value"))
            self.running[was.number] = now
        elif kind in ENDS:
            self.running.pop(data.get("trial"), None)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
