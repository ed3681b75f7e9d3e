"""What owners and workers do to studies, each in a word."""

from automl.core.leases import Order, Worker
from automl.core.study import Budget, Study
from automl.core.trial import Attempt, Finish
from automl.store import SqlStore
from tests.store import values


def cancel(store: SqlStore, study: Study) -> bool:
    """Return whether the owner's order to end changed anything."""
    with store.unit() as unit:
        return unit.studies.cancel(study.tenant, study.id)


def pause(store: SqlStore, study: Study) -> bool:
    """Return whether the owner's order to wait changed anything."""
    with store.unit() as unit:
        return unit.studies.pause(study.tenant, study.id)


def resume(store: SqlStore, study: Study, add: Budget | None = None) -> bool:
    """Return whether the owner's order to go on changed anything."""
    with store.unit() as unit:
        return unit.studies.resume(study.tenant, study.id, add)


def publish(store: SqlStore, study: Study) -> None:
    """Finish the study with a model."""
    store.leases.publish(values.finish(store), values.model(store, study))


def beat(store: SqlStore, hold: Attempt | Finish | None, name: str = "w0") -> Order:
    """Return what the holder of that work is told."""
    orders = store.leases.beat(Worker(name, "cpu", "busy", 0.0), [hold] if hold else [])
    return orders[0] if orders else Order.GO_ON
