"""What one tenant may have, so that none takes the service from the others."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """Limits that hold for each tenant alike; 0: none.

    Stored bytes are those of its datasets, its models and what its trials keep. They refuse new
    datasets and studies; what was begun goes on, so that a quota never costs a result.
    """

    bytes: int = 0
    datasets: int = 0
    studies: int = 0
    trials: int = 0
    """Trials that run at the same time; further ones wait for their turn."""


UNBOUNDED = Quotas()
