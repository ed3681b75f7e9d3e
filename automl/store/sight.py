"""Who may judge leases: a process that has had the store in sight for as long as a lease lasts.

A store that stalled and goes on, or a machine that slept, comes back with every lease lapsed though
all their holders live: none of them could renew. So after a gap every lease gets its time again.
"""

import math

GAP_SHARE = 0.5
"""Of a lease: longer gaps count. Leases are renewed after a third, so no shorter one ends any."""


class Sight:
    """When the store answered this process, by the store's clock.

    That clock goes on while the store stalls, and leaps when its machine slept or was set right.

    Args:
        lease_seconds: of a lease.
    """

    def __init__(self, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._since = self._at = -math.inf

    def note(self, moment: float) -> None:
        """Note that the store answered at that moment; a process's first is no gap."""
        gap = abs(moment - self._at)
        if math.isfinite(gap) and gap > GAP_SHARE * self._lease_seconds:
            self._since = moment
        self._at = moment

    def may_judge(self) -> bool:
        """Whether it has answered without a gap for so long that who lives has renewed."""
        return self._at - self._since >= self._lease_seconds
