"""What is struck, how and when: a schedule is a pure function of its arguments."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle, islice

from tests.torture.proxy import Fault


class Part(StrEnum):
    """What a strike aims at."""

    WORKER = "worker"
    """A worker process: the parent with its training children."""
    CHILD = "child"
    """One training child alone; the parent sees it die."""
    NURSERY = "nursery"
    """What training children are forks of; they end with it."""
    PARENT = "parent"
    """The parent alone; the kernel ends its children."""
    API = "api"
    BROKER = "broker"
    """Killed, its data is gone: it keeps none."""
    DATABASE = "database"
    SERVICE = "service"
    """The supervisor: everything ends, and is started again."""


class Blow(StrEnum):
    """What a strike does to it."""

    KILL = "kill"
    TERM = "term"
    STOP = "stop"
    """Gone at once, as in a crash, and back when the strike's seconds have passed."""
    PAUSE = "pause"
    """SIGSTOP, and SIGCONT when the strike's seconds have passed."""
    DELAY = "delay"
    CUT = "cut"
    BLACK_HOLE = "black hole"
    RESET = "reset"


FAULTS: Mapping[Blow, Fault] = {
    Blow.DELAY: Fault.DELAY,
    Blow.CUT: Fault.CUT,
    Blow.BLACK_HOLE: Fault.BLACK_HOLE,
    Blow.RESET: Fault.RESET,
}
"""What befalls the connections to a store rather than the store itself."""

Card = tuple[Blow, Part]


@dataclass(frozen=True, slots=True)
class Strike:
    """One strike.

    ``after`` are seconds to wait before it; ``index`` says which of the parts of that sort, modulo
    how many there are; ``seconds`` is how long it lasts, 0 for a blow of a moment.
    """

    after: float
    part: Part
    blow: Blow
    index: int
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """The sort of the strike, as reports call it."""
        return f"{self.blow} {self.part}"


WHOLE = Strike(0.0, Part.SERVICE, Blow.KILL, 0).name
"""What only the harness mends: nobody else starts a service again that is killed whole."""

HALTS = frozenset({WHOLE, *(f"{blow} {Part.DATABASE}" for blow in Blow)})
"""Strikes during which nobody can go on with another's work."""

DECK: tuple[Card, ...] = (
    *[(Blow.KILL, Part.WORKER)] * 3,
    *[(Blow.KILL, Part.CHILD)] * 2,
    (Blow.KILL, Part.NURSERY),
    (Blow.KILL, Part.PARENT),
    *[(Blow.KILL, Part.API)] * 2,
    (Blow.KILL, Part.BROKER),
    (Blow.KILL, Part.SERVICE),
    (Blow.TERM, Part.WORKER),
    (Blow.TERM, Part.API),
    (Blow.PAUSE, Part.WORKER),
    (Blow.PAUSE, Part.API),
    (Blow.PAUSE, Part.BROKER),
)
"""One round at ``automl serve``: every sort of strike, the likeliest more than once."""

STORES = (Part.DATABASE, Part.BROKER)
DECK_APART: tuple[Card, ...] = (
    *[(Blow.KILL, Part.WORKER)] * 5,
    *[(Blow.KILL, Part.CHILD)] * 4,
    (Blow.KILL, Part.NURSERY),
    *[(Blow.KILL, Part.PARENT)] * 2,
    *[(Blow.KILL, Part.API)] * 4,
    *[(Blow.KILL, Part.BROKER)] * 2,
    (Blow.STOP, Part.DATABASE),
    (Blow.TERM, Part.WORKER),
    (Blow.TERM, Part.API),
    (Blow.PAUSE, Part.WORKER),
    *((blow, part) for blow in FAULTS for part in STORES),
)
"""One round at parts apart, the network to both stores among them."""

ROW = (Part.WORKER, Part.API, Part.WORKER, Part.BROKER, Part.WORKER, Part.DATABASE)

LASTING: Mapping[Blow, float] = {
    Blow.STOP: 10.0,
    Blow.PAUSE: 8.0,
    Blow.BLACK_HOLE: 8.0,
    Blow.DELAY: 4.0,
    Blow.CUT: 1.0,
    Blow.RESET: 1.0,
}
"""Seconds: what is paused or swallowed outlasts a lease, which makes a zombie of a worker."""


def schedule(
    seed: int,
    kills: int,
    *,
    every: float,
    deck: Sequence[Card],
    lasting: Mapping[Blow, float] = LASTING,
) -> tuple[Strike, ...]:
    """Return strikes up to so many kill -9; equal arguments give equal strikes.

    Sorts are dealt like cards, so that each comes up as often as the deck has it.

    Args:
        seed: of everything that is drawn.
        kills: how many of the strikes kill; the last does.
        every: mean seconds before each; each gap is half to one and a half of them.
        deck: the sorts of one round.
        lasting: seconds of the blows that are not of a moment.
    """
    rng = random.Random(seed)
    cards = _dealt(rng, deck)
    strikes: list[Strike] = []
    while kills:
        blow, part = next(cards)
        gap, index = round(every * rng.uniform(0.5, 1.5), 3), rng.randrange(16)
        strikes.append(Strike(gap, part, blow, index, lasting.get(blow, 0.0)))
        kills -= blow is Blow.KILL
    return tuple(strikes)


def rolling(seconds: float, every: float) -> tuple[Strike, ...]:
    """Return a restart in good order of one part after the other, for so long.

    >>> [strike.name for strike in rolling(10.0, 5.0)]
    ['term worker', 'term api']
    """
    count = int(seconds / every)
    parts = enumerate(islice(cycle(ROW), count))
    return tuple(Strike(every, part, Blow.TERM, number // 2) for number, part in parts)


def _dealt(rng: random.Random, deck: Sequence[Card]) -> Iterator[Card]:
    while True:
        yield from rng.sample(deck, len(deck))
