"""What a lane's step took in this process, and so with how many others it should step.

Numbers of lanes are compared where all else is alike: in one group, which ends with fewer than it
began with. Nothing is trained to learn that, and no number is taken but what groups have shown to
be clearly cheaper than the most there may be.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

_EPOCHS = 3
"""Epochs of a number of lanes before anything is said of it, and how many of the last count."""
_LAST = 9
_CLEARLY = 0.9
"""Below so much of what a step takes with the most lanes, one of fewer is clearly cheaper."""
_SHOWN, _GROUPS = 2, 5
"""So many groups must show it, and all that are remembered and compare the two: groups of equal
lanes seem to differ by as much in one of five (`docs/history/lanes.md`)."""


def stepping(device: str) -> Callable[[], float]:
    """Return the clock of steps on a kind of device: a processor's counts nobody else's work."""
    return time.process_time if device == "cpu" else time.perf_counter


@dataclass(frozen=True, slots=True)
class Kind:
    """What groups have in common that tell of each other."""

    family: object
    device: str
    """Its type."""
    size: int
    """Of a lane's step: the power of two in its multiplications."""


class Record:
    """Seconds of a lane's step in each epoch of one group, by the power of two in its lanes.

    ``clock`` gives the seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._epochs: defaultdict[int, deque[float]] = defaultdict(lambda: deque(maxlen=_LAST))

    def add(self, lanes: int, seconds: float) -> None:
        """Take down what a lane's step took in an epoch of so many lanes."""
        self._epochs[power(lanes)].append(seconds)

    def shares(self, most: int) -> Mapping[int, float]:
        """Return what steps took, of those with ``most`` lanes: by power of two, where known."""
        known = {size: median(e) for size, e in self._epochs.items() if len(e) >= _EPOCHS}
        whole = known.get(power(most))
        return {size: each / whole for size, each in known.items()} if whole else {}


class Strides:
    """The records of this process, for as long as it lives: never of a study in replay order."""

    def __init__(self, clock: Callable[[str], Callable[[], float]] = stepping) -> None:
        self._clock = clock
        self._records: defaultdict[Kind, deque[Record]]
        self._records = defaultdict(lambda: deque(maxlen=_GROUPS))

    def begin(self, kind: Kind) -> Record:
        """Return where a group that begins takes its steps down."""
        record = Record(self._clock(kind.device))
        self._records[kind].append(record)
        return record

    def candidates(self, kind: Kind, most: int, folds: int) -> int:
        """Return how many candidates of so many folds to train together: ``most`` or fewer."""
        shares = [record.shares(most * folds) for record in self._records[kind]]
        count = cheapest(shares, most, folds)
        if count == 1 < most:
            self.begin(kind)  # alone it tells nothing; what sent it there is forgotten all the same
        return count


def cheapest(shares: Sequence[Mapping[int, float]], most: int, folds: int) -> int:
    """Return how many candidates up to ``most`` have the cheapest step, by what all groups showed.

    Args:
        shares: What a step took of one with the most lanes, of each group: by power of two.
        most: Candidates, where nothing else is clearly cheaper.
        folds: Of each candidate.
    """
    found, least = most, _CLEARLY
    for size, count in _counts(most, folds).items():
        seen = [each[size] for each in shares if size in each]
        if len(seen) >= _SHOWN and max(seen) < least:
            found, least = count, max(seen)
    return found


def _counts(most: int, folds: int) -> Mapping[int, int]:
    """Return the most candidates of each power of two of lanes below that of the most lanes."""
    sizes = ((power(n * folds), n) for n in range(1, most + 1))
    return {size: count for size, count in sizes if size < power(most * folds)}


def power(number: float) -> int:
    """Return the exponent of the largest power of two in a number of at least one."""
    return int(number).bit_length() - 1
