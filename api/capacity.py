"""How many connections one process may hold: descriptors are what runs out first."""

import resource

RESERVE = 128
"""Descriptors for the database, received files and children that parse them."""


def connections() -> int:
    """Return how many connections are served at once; who comes above that is told to wait."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 20 if soft == resource.RLIM_INFINITY else max(32, soft - RESERVE)


def streams() -> int:
    """Return how many event streams are served at once: they last, and others want to be heard."""
    return connections() // 2
