"""A tenant's quotas, judged in the transaction that takes from them.

Those who take from the same quota come one after the other, and each counts what all before it
committed: many at once cannot pass together.
"""

from sqlalchemy import ColumnElement, Select, and_, func, select

from automl.core.catalog import StudyStatus
from automl.core.errors import QuotaExceeded
from automl.core.quota import Quotas
from automl.store import links
from automl.store.database import Transaction
from automl.store.tables import KEPT, artifacts, datasets, studies

_SEED = 0x51554F
"""Keeps these advisory locks apart from any other."""

_GOING_ON = [status.value for status in StudyStatus if not status.ended]

_ROOM = "delete datasets, studies or models that are no longer needed"


def queue(tx: Transaction, tenant: str) -> None:
    """Wait until nobody else takes from the tenant's quotas, and keep others out until the end."""
    writer = tx.writer
    if not tx.sqlite:  # there all writers come one after the other anyway
        key = func.hashtextextended(tenant, _SEED)
        writer.execute(select(func.pg_advisory_xact_lock(key)))


def check_datasets(
    tx: Transaction, quotas: Quotas, tenant: str, *, more: int = 0, size: int = 0
) -> None:
    """Return if the tenant may have its datasets and ``more``, of ``size`` stored bytes at least.

    Raises:
        QuotaExceeded: it may not.
    """
    if quotas.datasets:
        have = _count(tx, datasets.c.tenant == tenant) + more
        _check(have, quotas.datasets, "datasets", "delete one that is no longer needed")
    if quotas.bytes:
        wanted = _bytes(tx, tenant) + size
        _check(wanted, quotas.bytes, "stored bytes", _ROOM, least=size > 0)


def check_studies(tx: Transaction, quotas: Quotas, tenant: str) -> None:
    """Return if the tenant may have its studies, and something stored for them.

    Raises:
        QuotaExceeded: it may not.
    """
    if quotas.studies:
        have = _count(tx, and_(studies.c.tenant == tenant, KEPT))
        _check(have, quotas.studies, "studies", "delete one that has ended")
    if quotas.bytes:  # what a study will store nobody knows: there must be some room
        _check(_bytes(tx, tenant) + 1, quotas.bytes, "stored bytes", _ROOM)


def may_run(tx: Transaction, quotas: Quotas, tenant: str) -> bool:
    """Return whether one more of the tenant's trials may run; keeps others out until the end."""
    if not quotas.trials:
        return True
    queue(tx, tenant)
    return int(tx.writer.execute(running(tenant)).scalar_one()) < quotas.trials


def running(tenant: str) -> Select[int]:
    """Return the query for the number of the tenant's running trials.

    An ended study has none, and there may be thousands.
    """
    own = studies.alias("own")
    total = select(func.coalesce(func.sum(own.c.running), 0))
    return total.where(own.c.tenant == tenant, own.c.status.in_(_GOING_ON))


def _check(wanted: int, most: int, what: str, remedy: str, *, least: bool = False) -> None:
    if wanted > most:
        beyond = f"{wanted:,} or more" if least else f"{wanted:,}"
        raise QuotaExceeded(f"This tenant may have {most:,} {what}, not {beyond}; {remedy}.")


def _count(tx: Transaction, mine: ColumnElement[bool]) -> int:
    return int(tx.reader.execute(select(func.count()).where(mine)).scalar_one())


def _bytes(tx: Transaction, tenant: str) -> int:
    """Return the bytes that something refers to; what waits for the sweep is nobody's."""
    total = select(func.coalesce(func.sum(artifacts.c.bytes), 0))
    mine = (artifacts.c.tenant == tenant, artifacts.c.state == "ready", links.referred())
    return int(tx.reader.execute(total.where(*mine)).scalar_one())
