"""Whether the service can do its work."""

from dataclasses import dataclass

from automl.core.errors import Unavailable
from automl.core.ports import Doorbell, Store


@dataclass(frozen=True, slots=True)
class Reach:
    """What answers at this moment; ``workers`` counts the live ones."""

    store: bool
    broker: bool
    workers: int

    @property
    def whole(self) -> bool:
        """Whether everything is there."""
        return self.store and self.broker and self.workers > 0

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of what does not answer."""
        parts = {"store": self.store, "broker": self.broker, "workers": self.workers > 0}
        return tuple(name for name, there in parts.items() if not there)


def look(store: Store, doorbell: Doorbell) -> Reach:
    """Return what answers now; never raises for what does not."""
    try:
        store.ping()
        with store.unit() as unit:
            workers = len(unit.workers())
    except Unavailable:
        return Reach(store=False, broker=doorbell.ping(), workers=0)
    return Reach(store=True, broker=doorbell.ping(), workers=workers)


class Readiness:
    """Ready once each part was reached once; from then on while the store answers.

    A broker that is down slows nothing that runs, and workers come and go, so neither takes a
    service that has been whole out of rotation.
    """

    def __init__(self, store: Store, doorbell: Doorbell) -> None:
        self._store = store
        self._doorbell = doorbell
        self._seen: set[str] = set()

    def check(self) -> tuple[bool, Reach]:
        """Return whether the service is ready, and what answers now."""
        reach = look(self._store, self._doorbell)
        self._seen |= {"store", "broker", "workers"} - set(reach.missing)
        return reach.store and len(self._seen) == 3, reach
