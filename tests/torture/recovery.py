"""How long a struck trial stood still: from the blow to the moment it runs again, by its log."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.torture.fold import BACK, OUTCOMES


@dataclass(frozen=True, slots=True)
class Struck:
    """A strike as it was carried out, at ``at`` seconds since the epoch.

    ``workers`` are the process ids of the worker parents it hit: their trials stand still.
    """

    name: str
    at: float
    workers: tuple[int, ...] = ()


def seconds(log: Sequence[Mapping[str, Any]], strikes: Iterable[Struck]) -> list[float]:
    """Return, for every trial of one study that a strike hit, the seconds until it ran again.

    Trials that ended without running again (their search was over) are left out.
    """
    found = []
    for strike in strikes:
        for number in _held(log, strike):
            again = _started_after(log, number, strike.at)
            if again is not None:
                found.append(again - strike.at)
    return found


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value that so much of all are at most; None of none.

    >>> percentile([3.0, 1.0, 2.0, 4.0], 0.5), percentile([], 0.5)
    (2.0, None)
    """
    if not values:
        return None
    place = max(0, -(-int(share * 100) * len(values) // 100) - 1)
    return sorted(values)[place]


def moment(event: Mapping[str, Any]) -> float:
    """Return when an event happened, in seconds since the epoch."""
    return datetime.fromisoformat(event["at"]).timestamp()


def _held(log: Sequence[Mapping[str, Any]], strike: Struck) -> list[int]:
    """Return the trials that the struck workers were running at that moment."""
    holders: dict[int, str] = {}
    for event in log:
        if moment(event) > strike.at:
            break
        if event["type"] == "trial.started":
            holders[event["data"]["trial"]] = event["data"]["worker"]
        elif event["type"] in BACK or event["type"] in OUTCOMES:
            holders.pop(event["data"]["trial"], None)
    return [number for number, worker in holders.items() if _pid(worker) in strike.workers]


def _started_after(log: Sequence[Mapping[str, Any]], number: int, at: float) -> float | None:
    for event in log:
        if event["type"] in BACK | {"trial.started"} | OUTCOMES.keys() and moment(event) > at:
            if event["data"]["trial"] != number or event["type"] in BACK:
                continue
            return moment(event) if event["type"] == "trial.started" else None
    return None


def _pid(worker: str) -> int:
    """Return the parent's process id out of a worker's id: ``host-pid-random``."""
    return int(worker.rsplit("-", 2)[1])
