"""Idempotent requests in SQL: a key, what was asked under it, and the first answer.

A reservation without an answer lapses after ``HELD_SECONDS`` unless it is touched: its holder died.
Where that was a process of this machine it is known at once. A holder that was only slow cannot do
harm: of two that ``keep`` an answer the second fails, and with it everything in its transaction.
"""

from typing import Any

from sqlalchemy import RowMapping, delete, select, update

from automl.core import neighbours
from automl.core.errors import IdempotencyInFlight, IdempotencyKeyReused
from automl.core.ports import Reply
from automl.store.clock import now
from automl.store.database import Transaction
from automl.store.tables import requests

HELD_SECONDS = 30.0
KEPT_SECONDS = 25 * 3600.0


class SqlRequests:
    """The idempotency keys of tenants."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def reserve(self, tenant: str, key: str, operation: str) -> Reply | None:
        """Take the key, or return the first answer if there is one (see ``check``).

        Raises:
            IdempotencyInFlight: a live twin holds the key.
            IdempotencyKeyReused: the key belongs to another operation.
        """
        moment = self._tx.now()
        fresh = {
            "operation": operation,
            "held_until": moment + HELD_SECONDS,
            "created_at": moment,
            "location": neighbours.name(),
        }
        taken = self._tx.writer.execute(
            self._tx.insert(requests)
            .values(tenant=tenant, key=key, **fresh)
            .on_conflict_do_nothing()
            .returning(requests.c.key)
        )
        if taken.first() is not None:
            return None
        row = self._locked(tenant, key)
        if row is None:  # freed since
            raise IdempotencyInFlight
        if row["held_until"] is not None and (row["held_until"] < moment or _orphaned(row)):
            self._set(tenant, key, fingerprint=None, **fresh)
            return None
        if row["operation"] != operation:
            raise IdempotencyKeyReused
        if row["held_until"] is not None:
            raise IdempotencyInFlight
        return _reply(row)

    def touch(self, tenant: str, key: str) -> None:
        """Keep an unanswered reservation alive while a long upload goes on."""
        self._tx.writer.execute(
            update(requests)
            .where(*_one(tenant, key), requests.c.held_until.is_not(None))
            .values(held_until=now() + HELD_SECONDS)
        )

    def check(self, tenant: str, key: str, fingerprint: str) -> Reply | None:
        """Return the first answer to the same request; None where there is none yet.

        Raises:
            IdempotencyKeyReused: the first request under the key was another one.
        """
        query = select(requests).where(*_one(tenant, key))
        row = self._tx.reader.execute(query).mappings().first()
        if row is None or row["held_until"] is not None:
            return None
        if row["fingerprint"] != fingerprint:
            raise IdempotencyKeyReused
        return _reply(row)

    def keep(self, tenant: str, key: str, fingerprint: str, reply: Reply) -> None:
        """Store the answer, in the transaction that creates what it speaks of.

        Raises:
            IdempotencyInFlight: a twin took the key over meanwhile; nothing may be committed.
        """
        changed = self._tx.writer.execute(
            update(requests)
            .where(*_one(tenant, key), requests.c.held_until.is_not(None))
            .values(
                fingerprint=fingerprint,
                held_until=None,
                status=reply.status,
                location=reply.location,
                body=reply.body,
            )
        )
        if not changed.rowcount:
            raise IdempotencyInFlight

    def free(self, tenant: str, key: str) -> None:
        """Give an unanswered key back, after a failed request."""
        self._tx.writer.execute(
            delete(requests).where(*_one(tenant, key), requests.c.held_until.is_not(None))
        )

    def _locked(self, tenant: str, key: str) -> RowMapping | None:
        query = select(requests).where(*_one(tenant, key)).with_for_update()
        return self._tx.writer.execute(query).mappings().first()

    def _set(self, tenant: str, key: str, **values: Any) -> None:
        self._tx.writer.execute(update(requests).where(*_one(tenant, key)).values(**values))


def _one(tenant: str, key: str) -> tuple[Any, ...]:
    return (requests.c.tenant == tenant, requests.c.key == key)


def _orphaned(row: RowMapping) -> bool:
    """Whether a reservation's holder is known to be dead."""
    holder = row["location"]
    return holder is not None and neighbours.dead([holder]) != []


def _reply(row: RowMapping) -> Reply:
    return Reply(row["status"], row["location"], row["body"])
