"""A worker process: one light parent that listens for bells and keeps the children of its slots.

Each slot has a `Keeper` in a thread of its own, which is a worker to everyone else: an id, a
heartbeat, at most one training child. What they share is this process, its store and its bell.
"""

import itertools
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from automl.bootstrap import start
from automl.core import neighbours
from automl.core.fault import configure
from automl.core.lean import let_go_of_files
from automl.core.leases import Leases
from automl.settings import Settings
from workers import celery_app, tasks
from workers.keeper import Keeper, Limits
from workers.queue import broker_url
from workers.slot import Slot
from workers.start import Starts


def run(settings: Settings, starts: Starts) -> None:
    """Work until SIGTERM or SIGINT; what is held then is given back.

    Args:
        settings: of the process.
        starts: how its workers' children are started.
    """
    configure(settings.fault)
    with start(settings) as app:
        keepers = _keepers(settings, starts, app.store.leases)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: _leave(keepers))
        bells = celery_app.create(broker_url(settings), celery_app.PATIENT)
        tasks.listen(bells, passing_on(keepers))
        let_go_of_files()  # what loading has touched
        keep(keepers)


def passing_on(keepers: Sequence[Keeper]) -> Callable[[], None]:
    """Return what passes a bell on: it is one worker's, in turn, of those that are idle."""
    turns = itertools.cycle(keepers)

    def ring() -> None:
        order = [next(turns) for _ in keepers]
        next((keeper for keeper in order if keeper.idle), order[0]).wake()
        next(turns)  # so that the next one is first the next time

    return ring


def keep(keepers: Sequence[Keeper]) -> None:
    """Run each in a thread of its own until one ends; then all do.

    A keeper ends when it is told to leave, and all are, or of an error, which is raised once the
    others have given back what they held: a process must not seem whole with a slot that nobody
    keeps.
    """
    with ThreadPoolExecutor(len(keepers), "keeper") as threads:
        runs = [threads.submit(keeper.run) for keeper in keepers]
        wait(runs, return_when=FIRST_COMPLETED)  # a signal is handled meanwhile
        _leave(keepers)
        wait(runs)  # before any thread ends: the kernel ends with it what it started
    for run in runs:
        run.result()


def _leave(keepers: Sequence[Keeper]) -> None:
    for keeper in keepers:
        keeper.leave()


def _keepers(settings: Settings, starts: Starts, leases: Leases) -> list[Keeper]:
    return [
        Keeper(
            leases,
            Slot(starts.of(name)),
            worker=name,
            device=starts.device,
            heartbeat=settings.heartbeat_seconds,
            limits=Limits(seconds=settings.trial_max_seconds, bytes=starts.memory),
        )
        for name in (neighbours.name() for _ in range(settings.slots))
    ]
