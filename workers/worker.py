"""A worker: a light parent process that listens for bells and keeps one training child."""

import signal

from automl import machine
from automl.bootstrap import start
from automl.core.fault import configure
from automl.core.leases import Leases
from automl.settings import Settings
from workers import celery_app, neighbours, process, tasks
from workers.keeper import Keeper, Limits
from workers.queue import broker_url
from workers.slot import Slot, child_command

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; what is held then is given back."""
    configure(settings.fault)
    with start(settings) as app:
        keeper = _keeper(settings, app.store.leases)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: keeper.leave())
        tasks.listen(celery_app.create(broker_url(settings), celery_app.PATIENT), keeper.wake)
        keeper.run()


def _keeper(settings: Settings, leases: Leases) -> Keeper:
    name = neighbours.name()
    slots = machine.slots(settings.workers)
    threads = max(1, machine.cores() // slots)
    device = settings.device or machine.device(0)
    memory = settings.trial_max_bytes or process.memory_share(slots)
    environment = settings.child_environment(
        AUTOML_DEVICE=device,
        AUTOML_TRIAL_MAX_BYTES=str(memory),
        **dict.fromkeys(_THREADS, str(threads)),
    )
    return Keeper(
        leases,
        Slot([*child_command(), name, str(threads)], environment),
        worker=name,
        device=device,
        heartbeat=settings.heartbeat_seconds,
        limits=Limits(seconds=settings.trial_max_seconds, bytes=memory),
    )
