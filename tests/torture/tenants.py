"""Tenants with a key each, and what one sees of another: nothing, it should be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from automl.client import Client, ServiceError
from automl.core.key import Scope
from automl.service import keys
from automl.settings import Settings
from automl.store import open_store

NAMES = ("anna", "bert")
_LISTS = ("datasets", "studies", "models")


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who owns things, and the key that opens them; none where a service asks for none."""

    name: str
    key: str = ""

    @property
    def headers(self) -> Mapping[str, str]:
        """What a request brings."""
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def client(self, url: str) -> Client:
        """Return a patient client."""
        return Client(url, key=self.key, patience=60.0)


ANYONE = Tenant("default")
"""Who uses a service without keys."""


def admit(database_url: str) -> tuple[Tenant, ...]:
    """Give each tenant a key, on the service's database directly, as ``automl keys`` does."""
    store = open_store(Settings(database_url=database_url))
    try:
        return tuple(
            Tenant(name, keys.create(store, tenant=name, scope=Scope.WRITE)[1]) for name in NAMES
        )
    finally:
        store.close()


def leaks(url: str, tenants: Sequence[Tenant]) -> list[str]:
    """Return what tenants see that is not theirs, in words: in lists, and asked for by its id."""
    owned = {tenant: list(_owned(url, tenant)) for tenant in tenants}
    return [
        f"{other.name} sees {tenant.name}'s {path}"
        for tenant, other in permutations(tenants, 2)
        for path in owned[tenant]
        if path in owned[other] or _opens(url, other, path)
    ]


def _owned(url: str, tenant: Tenant) -> Iterator[str]:
    with tenant.client(url) as client:
        for name in _LISTS:
            yield from (f"/v1/{name}/{item['id']}" for item in client.items(f"/v1/{name}"))


def _opens(url: str, tenant: Tenant, path: str) -> bool:
    """Return whether a key opens what another tenant owns; 404 is as if it were not there."""
    with tenant.client(url) as client:
        try:
            client.get(path)
        except ServiceError as error:
            return error.status != 404
        return True
