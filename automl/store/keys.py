"""API keys in SQL. They are revoked, never deleted: a closed service stays closed."""

from collections.abc import Collection, Sequence

from sqlalchemy import RowMapping, func, insert, select, update

from automl.core.errors import NotFound
from automl.core.key import Key, Scope
from automl.store.clock import now
from automl.store.database import Transaction
from automl.store.tables import keys


class SqlKeys:
    """The keys of all tenants."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, key: Key, digest: str) -> None:
        """Store a key with the digest of its secret."""
        self._tx.writer.execute(
            insert(keys).values(
                id=key.id,
                tenant=key.tenant,
                scope=key.scope.value,
                sha256=digest,
                created_at=key.created_at,
                expires_at=key.expires_at,
            )
        )

    def find(self, key_id: str) -> tuple[Key, str] | None:
        """Return a key, valid or not, and the digest of its secret."""
        query = select(keys).where(keys.c.id == key_id)
        row = self._tx.reader.execute(query).mappings().first()
        return None if row is None else (_key(row), row["sha256"])

    def list(self) -> Sequence[Key]:
        """Return every key ever created, the oldest first."""
        found = self._tx.reader.execute(select(keys).order_by(keys.c.id)).mappings()
        return [_key(row) for row in found]

    def exist(self) -> bool:
        """Return whether any key was ever created."""
        return self._tx.reader.execute(select(keys.c.id).limit(1)).first() is not None

    def revoke(self, key_id: str) -> None:
        """Make a key useless from now on; again is no mistake.

        Raises:
            NotFound: there is no such key.
        """
        changed = self._tx.writer.execute(
            update(keys)
            .where(keys.c.id == key_id)
            .values(revoked_at=func.coalesce(keys.c.revoked_at, now()))
        )
        if not changed.rowcount:
            raise NotFound(f"there is no key {key_id!r}")

    def used(self, key_ids: Collection[str]) -> None:
        """Note that these keys opened something just now."""
        self._tx.writer.execute(
            update(keys).where(keys.c.id.in_(key_ids)).values(last_used_at=now())
        )


def _key(row: RowMapping) -> Key:
    return Key(
        id=row["id"],
        tenant=row["tenant"],
        scope=Scope(row["scope"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
