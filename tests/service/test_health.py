from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from automl.core.errors import StoreUnavailable
from automl.core.leases import Worker
from automl.core.ports import Store
from automl.service.health import Readiness


class FakeUnit:
    def __init__(self, workers: int) -> None:
        self._workers = workers

    def workers(self) -> list[Worker]:
        return [Worker(f"w{n}", "cpu", "idle", 0.0) for n in range(self._workers)]


@dataclass
class Parts:
    """What answers at the moment; it is the doorbell itself."""

    store: bool = False
    broker: bool = False
    workers: int = 0

    def ping(self) -> bool:
        return self.broker

    def ring(self) -> None: ...


class FakeStore:
    """A store that answers as told."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def ping(self) -> None:
        if not self._parts.store:
            raise StoreUnavailable

    @contextmanager
    def unit(self) -> Iterator[FakeUnit]:
        yield FakeUnit(self._parts.workers)


def test_parts_may_come_one_by_one_and_only_the_store_counts_later() -> None:
    parts = Parts()
    readiness = Readiness(cast("Store", FakeStore(parts)), parts)
    steps: list[tuple[bool, bool, int, bool]] = [
        (False, False, 0, False),
        (True, False, 0, False),
        (True, True, 0, False),
        (False, False, 1, False),
        (True, False, 1, True),
        (True, False, 0, True),
        (False, True, 1, False),
        (True, False, 0, True),
    ]
    for store, broker, workers, ready in steps:
        parts.store, parts.broker, parts.workers = store, broker, workers
        assert readiness.check()[0] is ready


def test_what_is_missing_is_named() -> None:
    parts = Parts()
    readiness = Readiness(cast("Store", FakeStore(parts)), parts)
    assert readiness.check()[1].missing == ("store", "broker", "workers")
    parts.store, parts.workers = True, 2
    assert readiness.check()[1].missing == ("broker",)
