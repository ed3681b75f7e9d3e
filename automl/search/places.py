"""Where a study on this machine trains: on its GPUs, as workers do, else on its processor."""

from collections.abc import Sequence
from dataclasses import dataclass

from automl import machine
from automl.machine import CPU


@dataclass(frozen=True, slots=True)
class Place:
    """What a candidate may use while it trains; trees use the threads alone."""

    device: str = CPU
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Devices:
    """Where networks train, and what was wanted but is not there."""

    names: tuple[str, ...]
    absent: tuple[str, ...] = ()

    @property
    def complaint(self) -> str | None:
        """Say which devices torch cannot reach and what is used instead; None where it can."""
        if not self.absent:
            return None
        what = "is no device" if len(self.absent) == 1 else "are no devices"
        return (
            f"{' and '.join(self.absent)} {what} that torch can reach here: "
            f"training on {' and '.join(self.names)} instead"
        )

    def slots(self, asked: int) -> int:
        """Return how many candidates train at once: as asked, else one a GPU, else one a core."""
        return asked or (machine.cores() if set(self.names) == {CPU} else len(self.names))


def devices(asked: str = "") -> Devices:
    """Return the device asked for, else every GPU that torch can be given; failing it the CPU."""
    wanted = (asked,) if asked else tuple(machine.device(each) for each in range(machine.gpus()))
    there = tuple(name for name in wanted if _reachable(name))
    absent = tuple(name for name in wanted if name not in there)
    return Devices(there or (CPU,), absent)


def places(count: int, names: Sequence[str]) -> list[Place]:
    """Return so many places on the devices in turn.

    On a device they share all cores for the trees, as workers do; on the processor each has one
    thread, however many there are, so that what is trained is the same on every machine.
    """
    threads = 1 if set(names) == {CPU} else max(1, machine.cores() // count)
    return [Place(names[index % len(names)], threads) for index in range(count)]


def _reachable(name: str) -> bool:
    if name == CPU:
        return True
    # Only here: torch takes a second to load, which a study of trees need not spend.
    from automl.training.device import reachable

    return reachable(name)
