"""Which processes a strike hits, and the blow itself."""

import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import psutil

from tests.torture.recovery import Struck
from tests.torture.schedule import Blow, Part, Strike

AIM_SECONDS = 20.0
"""How long to wait for a part to strike at: a training child comes and goes with the work."""

_WORKERS = frozenset({Part.WORKER, Part.CHILD, Part.NURSERY, Part.PARENT})

Parts = Callable[[Part], Collection[psutil.Process]]
"""Gives the running processes of a sort, of workers the parents: one may keep several children."""


@dataclass(frozen=True, slots=True)
class Aim:
    """The processes that a strike hits, and of them or above them the worker's parent, 0: none."""

    processes: tuple[psutil.Process, ...]
    worker: int = 0


def strike_at(parts: Parts, strike: Strike, busy: Collection[int] = ()) -> Struck | None:
    """Carry a strike out, its pause too; None: there was nothing to strike at.

    Args:
        parts: where the processes are.
        strike: what is to be done.
        busy: process ids of workers that hold a trial: these are struck first.
    """
    aim = _aim(parts, strike, busy)
    if aim is None:
        return None
    at = time.time()
    match strike.blow:
        case Blow.KILL:
            _each(aim, psutil.Process.kill)
        case Blow.TERM:
            _each(aim, psutil.Process.terminate)
        case Blow.PAUSE:
            _each(aim, psutil.Process.suspend)
            time.sleep(strike.seconds)
            _each(aim, psutil.Process.resume)
        case _:
            raise ValueError(f"{strike.name} is no blow at a process")
    killed = strike.blow is Blow.KILL and aim.worker
    return Struck(strike.name, at, (aim.worker,) if killed else ())


def _aim(parts: Parts, strike: Strike, busy: Collection[int]) -> Aim | None:
    deadline = time.monotonic() + AIM_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            aims = list(_aims(parts, strike))
            best = [aim for aim in aims if aim.worker in busy] or aims
            if best:
                return best[strike.index % len(best)]
        time.sleep(0.05)
    return None


def _aims(parts: Parts, strike: Strike) -> Iterator[Aim]:
    """Yield what the strike could hit at this moment."""
    if strike.part not in _WORKERS:
        yield from (Aim((part,)) for part in parts(strike.part))
        return
    for parent in parts(Part.WORKER):
        children = tuple(parent.children(recursive=True))
        if strike.part in (Part.CHILD, Part.NURSERY):
            wanted = strike.part is Part.NURSERY
            aimed = (child for child in children if _is_nursery(child, parent) is wanted)
            yield from (Aim((child,), parent.pid) for child in aimed)
        elif strike.part is Part.PARENT or strike.blow is Blow.TERM:
            yield Aim((parent,), parent.pid)
        elif strike.part is Part.WORKER:
            yield Aim((parent, *children), parent.pid)


def _is_nursery(child: psutil.Process, parent: psutil.Process) -> bool:
    """Tell it from its forks, whose command line is the same."""
    return child.ppid() == parent.pid and "workers.nursery" in child.cmdline()


def _each(aim: Aim, blow: Callable[[psutil.Process], None]) -> None:
    for process in aim.processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            blow(process)
