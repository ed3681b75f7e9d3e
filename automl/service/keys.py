"""API keys: created, listed, revoked, and recognized when a request brings one.

A key reads ``<id>.<secret>``. The id is found in the store, the secret (256 random bits) compared
there with its SHA-256: for secrets of that entropy a slow hash would protect nothing more.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from automl.core.errors import Detail, InvalidInput
from automl.core.ids import new_id
from automl.core.key import Key, Scope
from automl.core.ports import Store

SECRET_BYTES = 32
MAX_KEY = 200
MAX_TENANT = 100
_SHAPE = re.compile(r"(key_[0-9a-z]{1,40})\.([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Visit:
    """A recognized key, and for how many seconds from now it will be valid (None: no end)."""

    key: Key
    seconds_left: float | None


def create(
    store: Store, *, tenant: str, scope: Scope, expires_seconds: float | None = None
) -> tuple[Key, str]:
    """Return a new key and its text, which cannot be had again.

    Raises:
        InvalidInput: the tenant's name cannot be one.
    """
    if not (0 < len(tenant) <= MAX_TENANT and tenant.isprintable() and tenant == tenant.strip()):
        message = f"must be 1 to {MAX_TENANT} printable characters without blanks around them"
        raise InvalidInput(f"tenant: {message}", errors=(Detail(message, field="tenant"),))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with store.unit() as unit:
        now = unit.now()
        expires_at = None if expires_seconds is None else now + expires_seconds
        key = Key(new_id("key", now), tenant, scope, created_at=now, expires_at=expires_at)
        unit.keys.add(key, _digest(secret))
    return key, f"{key.id}.{secret}"


def page(store: Store) -> Sequence[Key]:
    """Return every key ever created, the oldest first; also those that open nothing any more."""
    with store.unit() as unit:
        return unit.keys.list()


def revoke(store: Store, key_id: str) -> None:
    """Make a key useless from now on. Raises `NotFound`."""
    with store.unit() as unit:
        unit.keys.revoke(key_id)


def exist(store: Store) -> bool:
    """Return whether any key was ever created: from then on nothing is open without one."""
    with store.unit() as unit:
        return unit.keys.exist()


def recognize(store: Store, text: str) -> Visit | None:
    """Return who brings the key ``text``; None for one that is unknown, revoked or expired."""
    match = _SHAPE.fullmatch(text) if len(text) <= MAX_KEY else None
    if match is None:
        return None
    with store.unit() as unit:
        found, now = unit.keys.find(match[1]), unit.now()
    # An unknown id is compared as well: the answer takes as long as for a wrong secret.
    key, digest = found or (None, _digest(""))
    right = hmac.compare_digest(_digest(match[2]), digest)
    if key is None or not right or not key.valid(now):
        return None
    return Visit(key, None if key.expires_at is None else key.expires_at - now)


def note_use(store: Store, key_ids: Collection[str]) -> None:
    """Note that these keys were used just now."""
    with store.unit() as unit:
        unit.keys.used(key_ids)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
