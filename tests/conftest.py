"""Fixtures shared by all: the two databases and the broker, started once a run and only if used."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from automl.settings import Settings
from automl.store import SqlStore
from tests import servers
from tests.store import values
from tests.store.still import stand

# What is logged in this process goes where pytest keeps it, and not to its output.
structlog.configure(
    processors=[structlog.processors.KeyValueRenderer()],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)

# Nothing here is judged by the clock, and a folder may serve all examples of a test.
settings.register_profile(
    "unhurried",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Postgres]:
    """A PostgreSQL server; tests that stop it start one of their own."""
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[servers.Valkey]:
    """A Valkey server on a unix socket and a loopback port."""
    with servers.valkey() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind in turn, empty (of PostgreSQL's the schema may be there)."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'automl.sqlite'}"
    server: servers.Postgres = request.getfixturevalue("postgres")
    return server.emptied()


@pytest.fixture
def store_settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a store with the leases of a real service."""
    return Settings(data_dir=tmp_path, database_url=database_url)


@pytest.fixture
def store(store_settings: Settings) -> Iterator[SqlStore]:
    """A migrated store on each database in turn, whose clock stands still."""
    with values.opened(store_settings) as opened:
        yield stand(opened)
