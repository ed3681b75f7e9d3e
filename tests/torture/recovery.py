"""How long a struck trial stood still: from the blow to the moment it runs again, by its log."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.torture.fold import BACK, OUTCOMES, seconds
from tests.torture.schedule import HALTS

Log = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Struck:
    """A strike as it was carried out, at ``at`` seconds since the epoch.

    ``workers`` are the process ids of the worker parents it killed, or killed a child of: their
    trials stand still.
    """

    name: str
    at: float
    workers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Recovery:
    """A trial that was struck at ``at`` and ran again: seconds from the blow.

    ``noticed`` is when it was given back to wait, ``running`` when a worker had it again: between
    the two it may have waited for one that had something else to do. When a strike in between
    halted everyone, that is the ``strike``.
    """

    strike: str
    at: float
    noticed: float
    running: float


def recoveries(log: Log, strikes: Iterable[Struck]) -> list[Recovery]:
    """Return the recovery of every trial of one study that a strike hit.

    Trials that ended without running again (their search was over) are left out. A parent may hold
    more than one blow ended: what went on beside it and was given back after the next blow there
    fell to that one.
    """
    fallen = sorted(strikes, key=lambda strike: strike.at)
    latest: dict[tuple[int, float], Recovery] = {}
    for strike in fallen:
        for number in _held(log, strike):
            found = _recovery(log, number, strike)
            if found is not None:
                latest[number, round(found.at + found.noticed, 3)] = found
    return [_attributed(recovery, fallen) for recovery in latest.values()]


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
    return seconds(event["at"])


def parent(worker: str) -> int:
    """Return the parent's process id out of a worker's id: ``host-pid-random``."""
    return int(worker.rsplit("-", 2)[1])


def _attributed(recovery: Recovery, strikes: Sequence[Struck]) -> Recovery:
    """Return a recovery under the strike that it is owed to."""
    end = recovery.at + recovery.running
    halts = [s.name for s in strikes if s.name in HALTS and recovery.at < s.at < end]
    return replace(recovery, strike=halts[0]) if halts else recovery


def _held(log: Log, strike: Struck) -> list[int]:
    """Return the trials that the struck workers were running at that moment."""
    holders: dict[int, str] = {}
    for event in log:
        if moment(event) > strike.at:
            break
        if event["type"] == "trial.started":
            holders[event["data"]["trial"]] = event["data"]["worker"]
        elif event["type"] in BACK or event["type"] in OUTCOMES:
            holders.pop(event["data"]["trial"], None)
    return [number for number, worker in holders.items() if parent(worker) in strike.workers]


def _recovery(log: Log, number: int, strike: Struck) -> Recovery | None:
    noticed: float | None = None
    for event in _of_trial(log, number, strike.at):
        if event["type"] in OUTCOMES:
            return None
        if event["type"] in BACK:
            noticed = moment(event) - strike.at
        elif noticed is not None:
            return Recovery(strike.name, strike.at, noticed, moment(event) - strike.at)
    return None


def _of_trial(log: Log, number: int, after: float) -> Iterator[Mapping[str, Any]]:
    wanted = BACK | OUTCOMES.keys() | {"trial.started"}
    for event in log:
        mine = event["type"] in wanted and event["data"]["trial"] == number
        if mine and moment(event) > after:
            yield event
