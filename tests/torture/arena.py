"""What a case takes place in: a real service on one address, and the hand that strikes at it."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

import httpx

from tests.torture.recovery import Struck
from tests.torture.schedule import Strike


class Arena(Protocol):
    """A service that keeps its address whatever is done to it.

    A context manager, too: the service runs while the block does. ``stop`` ends it earlier, so that
    one may look at what is left while its stores are still there.
    """

    data_dir: Path
    log: Path

    @property
    def url(self) -> str: ...

    @property
    def database_url(self) -> str:
        """Its database, reached past whatever the network suffers."""

    def strike(self, strike: Strike, busy: Collection[int]) -> Struck | None:
        """Carry a strike out, to its end; None: there was nothing to strike at.

        Args:
            strike: what is to be done.
            busy: process ids of workers that hold a trial: these are struck first.
        """

    def stop(self) -> None:
        """End every process of the service in order, and leave its stores."""


def shell() -> dict[str, str]:
    """Return the environment that a user's shell gives to programs."""
    return dict(os.environ)  # noqa: TID251 -- a user's shell


def answers(url: str) -> bool:
    """Return whether a service says that it is ready."""
    try:
        return httpx.get(f"{url}/readyz", timeout=2.0).is_success
    except httpx.TransportError:
        return False
