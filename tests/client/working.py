"""A service whose worker is a thread of this process: what is asked of it is really trained."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automl.core.trial import Turn
from automl.runner import Runner
from automl.service.cache import Cache
from tests.api.harness import Service, serving
from tests.runner.bench import Orders

PAUSE_SECONDS = 0.02
"""Between two looks for work."""


@contextmanager
def working(folder: Path) -> Iterator[Service]:
    """Run a service that trains; leases are long, since nobody beats for the worker."""
    with serving(folder, lease_seconds=600.0) as service:
        store = service.store
        cache = Cache(service.settings.cache_dir, store.artifacts)
        runner = Runner(store, cache, worker="thread", trial_seconds=0.0)
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                found = store.leases.claim("thread")
                claimed = runner.answer(found) if isinstance(found, Turn) else found
                if claimed is not None:
                    runner.run(claimed, Orders())
                elif found is None:
                    stop.wait(PAUSE_SECONDS)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield service
        finally:
            stop.set()
            thread.join()
