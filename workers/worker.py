"""A worker process: one light parent that listens for bells and keeps the children of its slots.

Each slot has a `Keeper` in a thread of its own, which is a worker to everyone else: an id, a
heartbeat, at most one training child. What they share is this process, its store and its bell.
"""

import itertools
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from automl import machine
from automl.bootstrap import start
from automl.core import neighbours
from automl.core.fault import configure
from automl.core.leases import Leases
from automl.settings import Settings
from workers import celery_app, process, tasks
from workers.keeper import Keeper, Limits
from workers.queue import broker_url
from workers.slot import Slot
from workers.start import Starts

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; what is held then is given back."""
    configure(settings.fault)
    process.take_descriptors()  # a slot takes five
    with start(settings) as app:
        keepers = _keepers(settings, app.store.leases)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: _leave(keepers))
        bells = celery_app.create(broker_url(settings), celery_app.PATIENT)
        tasks.listen(bells, passing_on(keepers))
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


def _keepers(settings: Settings, leases: Leases) -> list[Keeper]:
    share = max(settings.slots, machine.slots(settings.workers))  # each has one of so many
    threads = max(1, machine.cores() // share)
    device = settings.device or machine.device(0)
    memory = settings.trial_max_bytes or process.memory_share(share)
    environment = settings.child_environment(
        AUTOML_DEVICE=device,
        AUTOML_TRIAL_MAX_BYTES=str(memory),
        **dict.fromkeys(_THREADS, str(threads)),
    )
    starts = Starts(environment, device=device, threads=threads)
    starts.warm()  # so that the first study of all finds it so
    return [
        Keeper(
            leases,
            Slot(starts.of(name)),
            worker=name,
            device=device,
            heartbeat=settings.heartbeat_seconds,
            limits=Limits(seconds=settings.trial_max_seconds, bytes=memory),
        )
        for name in (neighbours.name() for _ in range(settings.slots))
    ]
