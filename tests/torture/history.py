"""What clients asked and what they were told, in the order in which it happened.

Shape: an *intention* is what a client wants once (a study, an upload); its ``mark`` is both the
idempotency key and the name of what it makes. It may take several *attempts*, each invoked once and
returned at most once: ``ok``, ``fail`` (it surely changed nothing) or ``unknown`` (the answer was
lost; it may have happened). An attempt without a return is unknown too.
"""

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Verb(StrEnum):
    """What is asked for."""

    UPLOAD = "upload"
    STUDY = "study"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class Outcome(StrEnum):
    """How an attempt came out, as far as its client can tell."""

    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Intention:
    """What a client wants to happen exactly once.

    ``subject`` is the study that a pause, resume or cancel is about, empty where something is made.
    """

    mark: str
    client: str
    verb: Verb
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request for an intention: sent at ``at``, answered at ``until``, in seconds."""

    intention: Intention
    at: float
    until: float | None = None
    outcome: Outcome = Outcome.UNKNOWN
    status: int | None = None
    resource: str | None = None
    """The id in an ``ok`` answer."""


class Recorder:
    """Takes attempts down; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []

    def invoke(self, intention: Intention) -> int:
        """Note that a request is being sent; returns the number to give to ``returned``."""
        with self._lock:
            self._attempts.append(Attempt(intention, time.time()))
            return len(self._attempts) - 1

    def returned(
        self, number: int, outcome: Outcome, *, status: int | None, resource: str | None = None
    ) -> None:
        """Note how the request came out."""
        with self._lock:
            sent = self._attempts[number]
            self._attempts[number] = Attempt(
                sent.intention, sent.at, time.time(), outcome, status, resource
            )

    def history(self) -> tuple[Attempt, ...]:
        """Return the attempts so far, in the order in which they were sent."""
        with self._lock:
            return tuple(self._attempts)


def write(path: Path, history: Iterable[Attempt]) -> Path:
    """Write a history as JSON lines, an attempt a line, and return the path."""
    path.write_text("".join(json.dumps(asdict(attempt)) + "\n" for attempt in history))
    return path
