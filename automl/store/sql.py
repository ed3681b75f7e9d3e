"""The SQL store put together: what ``automl.core.ports.Store`` promises, on two databases."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url, text

from automl.core import ports
from automl.core.leases import Leases, Worker
from automl.core.quota import UNBOUNDED, Quotas
from automl.settings import Settings
from automl.store import fleet
from automl.store.artifacts import SqlArtifacts
from automl.store.database import Database, Transaction
from automl.store.datasets import SqlDatasets
from automl.store.events import SqlEvents
from automl.store.keys import SqlKeys
from automl.store.leases import SqlLeases
from automl.store.models import SqlModels
from automl.store.requests import SqlRequests
from automl.store.studies import SqlStudies
from automl.store.trials import SqlTrials


class SqlUnit:
    """One transaction's view of the store; it takes no lock before something is written."""

    def __init__(self, tx: Transaction, lease_seconds: float, quotas: Quotas = UNBOUNDED) -> None:
        self._tx = tx
        self._lease_seconds = lease_seconds
        self.datasets: ports.Datasets = SqlDatasets(tx, quotas)
        self.studies: ports.Studies = SqlStudies(tx, quotas)
        self.trials: ports.Trials = SqlTrials(tx)
        self.events: ports.Events = SqlEvents(tx)
        self.models: ports.Models = SqlModels(tx)
        self.requests: ports.Requests = SqlRequests(tx)
        self.keys: ports.Keys = SqlKeys(tx)

    def now(self) -> float:
        """Return the database's clock, seconds since the epoch."""
        return self._tx.now()

    def workers(self) -> Sequence[Worker]:
        """Return the live workers."""
        return fleet.live(self._tx, self._lease_seconds)

    def gauges(self) -> Mapping[str, Mapping[str, float]]:
        """Return totals by kind and state, for the metrics page."""
        return fleet.gauges(self._tx, self._lease_seconds)


class SqlStore:
    """Everything durable, in one database."""

    def __init__(
        self,
        url: str,
        *,
        lease_seconds: float,
        max_attempts: int,
        quotas: Quotas = UNBOUNDED,
    ) -> None:
        self.database = Database(url)
        self.artifacts: ports.Artifacts = SqlArtifacts(self.database)
        self.leases: Leases = SqlLeases(
            self.database,
            lease_seconds=lease_seconds,
            max_attempts=max_attempts,
            quotas=quotas,
        )
        self._url = url
        self._lease_seconds = lease_seconds
        self._quotas = quotas

    @contextmanager
    def unit(self) -> Iterator[ports.Unit]:
        """Return a transaction: committed when the block ends, rolled back when it raises."""
        with self.database.transaction() as tx:
            yield SqlUnit(tx, self._lease_seconds, self._quotas)

    def ping(self) -> None:
        """Return when the database answers.

        Raises:
            StoreUnavailable: it does not.
        """
        with self.database.transaction() as tx:
            tx.reader.execute(text("SELECT 1"))

    def migrate(self) -> None:
        """Bring the schema to the current version."""
        from automl.store.migrate import migrate

        migrate(self.database, self._url)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()


def open_store(settings: Settings) -> SqlStore:
    """Return the store that the settings name; call ``migrate`` before the first use."""
    url = settings.sqlalchemy_url
    path = make_url(url).database
    if url.startswith("sqlite") and path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    return SqlStore(
        url,
        lease_seconds=settings.lease_seconds,
        max_attempts=settings.max_attempts,
        quotas=settings.quotas,
    )
