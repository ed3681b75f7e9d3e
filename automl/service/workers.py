"""Workers: who is there to work."""

from collections.abc import Sequence
from dataclasses import replace

from automl.core.leases import Worker
from automl.core.ports import Store


def live(store: Store, tenant: str) -> Sequence[Worker]:
    """Return the live workers; what they do for other tenants is left out."""
    with store.unit() as unit:
        workers = unit.workers()
    return [
        worker
        if worker.tenant == tenant
        else replace(worker, tenant=None, study_id=None, trial=None)
        for worker in workers
    ]
