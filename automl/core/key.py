"""API keys: who may do what, for whom. The secret itself is shown once and never kept."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key allows; each includes those before it."""

    READ = "read"
    """Look at everything of the tenant, and predict."""
    WRITE = "write"
    """Also create, steer and delete."""
    ADMIN = "admin"
    """Also manage keys."""

    def allows(self, needed: "Scope") -> bool:
        """Return whether a key of this scope may do what ``needed`` names.

        >>> Scope.WRITE.allows(Scope.READ), Scope.READ.allows(Scope.WRITE)
        (True, False)
        """
        order = tuple(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret. Times are seconds since the epoch on the database's clock."""

    id: str
    tenant: str
    scope: Scope
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None
    """Noted every few seconds at most."""

    def valid(self, at: float) -> bool:
        """Return whether the key opens anything at that moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)
