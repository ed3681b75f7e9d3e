"""The training child of a worker: ``python -m workers.child WORKER THREADS FD``.

A process of its own, so that whatever happens in it ends with it: a leak, a crash, a fit that
cannot be interrupted. It loads the training libraries first thing: to be warm is why it is started
before there is work.
"""

import signal
import sys
import time
from multiprocessing.connection import Connection

import structlog

from automl.core.fault import configure
from automl.core.lean import deferring, without, without_pandas, without_pools, without_redis
from automl.settings import Settings
from workers.drain import PATIENCE_SECONDS, drain
from workers.line import Line
from workers.process import bound_memory, end_with_parent
from workers.tidy import Tidy

log = structlog.get_logger()


def main(worker: str, threads: int, descriptor: int) -> None:
    """Be a worker's child in a fresh interpreter, until there is nothing left to do."""
    started = time.monotonic()
    end_with_parent(signal.SIGKILL)
    line = attend(descriptor)
    warm_up()
    work(worker, threads, line, started=started)


def attend(descriptor: int) -> Line:
    """Return this end of the line to the parent, which alone decides when the child leaves."""
    line = Line(Connection(descriptor))
    signal.signal(signal.SIGTERM, lambda *_: line.leave())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to interpret
    return line


def work(
    worker: str, threads: int, line: Line, *, started: float, patience: float = PATIENCE_SECONDS
) -> None:
    """Drain the queue for a worker until there is nothing left to do; the libraries are loaded.

    Args:
        worker: the worker's id.
        threads: that a fit may use.
        line: to the parent.
        started: since when the worker has no other work, monotonic seconds.
        patience: seconds without work after which the child ends.
    """
    settings = Settings.from_environment()
    configure(settings.fault)
    if not settings.device.startswith("cuda"):  # a device's driver reserves addresses without end
        bound_memory(settings.trial_max_bytes)

    from automl.bootstrap import log_to_stderr, start
    from automl.runner import Runner  # loads Arrow

    log_to_stderr(settings.log_level)
    device = usable(settings.device or "cpu")
    with start(settings) as app:
        runner = Runner(
            app.store,
            app.cache,
            worker=worker,
            device=device,
            threads=threads,
            trial_seconds=settings.trial_max_seconds,
            checkpoint_seconds=settings.checkpoint_seconds,
            free_since=started,
        )
        line.listen(0.0)  # it may have been told to leave before it was there
        drain(app.store.leases, Tidy(runner), line, worker=worker, patience=patience)


def usable(device: str) -> str:
    """Return the device, or the processor where torch cannot reach it, and say so.

    A driver that is too old or a device that is gone would else fail every network.
    """
    import torch

    from automl.training.device import reachable

    if reachable(device):
        return device
    log.error("device.absent", device=device, instead="cpu", torch=torch.__version__)
    return "cpu"


def warm_up() -> None:
    """Load what every trial needs, so that the first one does not pay for it, and no pandas.

    To be called before Arrow is loaded.
    """
    without_pandas()
    without_redis()
    without_pools()
    # scikit-learn takes functions out of these that nothing here calls, and bars out of rich.
    with without("rich"), deferring("scipy.stats", "scipy.integrate", "scipy.interpolate"):
        import lightgbm  # noqa: F401 -- loaded for its own sake, as the next ones
        import sklearn.ensemble  # noqa: F401
        import sklearn.linear_model  # noqa: F401
    import torch

    torch.set_num_interop_threads(1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
