"""What is struck, how and when: a schedule is a pure function of its seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What a strike aims at."""

    WORKER = "worker"
    """A worker's parent with its training child."""
    CHILD = "child"
    """The training child alone; the parent sees it die."""
    PARENT = "parent"
    """The worker's parent alone; the kernel ends its child."""
    API = "api"
    BROKER = "valkey"
    SERVICE = "service"
    """The supervisor: everything ends, and is started again."""


class Blow(StrEnum):
    """What a strike does to it."""

    KILL = "kill"
    TERM = "term"
    PAUSE = "pause"
    """SIGSTOP, and SIGCONT when the strike's seconds have passed."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One strike.

    ``after`` are seconds since the last one; ``index`` says which of the parts of that sort, modulo
    how many there are; ``seconds`` is how long a pause lasts, 0 for other blows.
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

DECK: tuple[tuple[Blow, Part], ...] = (
    *[(Blow.KILL, Part.WORKER)] * 3,
    *[(Blow.KILL, Part.CHILD)] * 3,
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
"""One round: every sort of strike, the likeliest more than once."""


def schedule(
    seed: int, kills: int, *, every: float, pause: float, deck: tuple[tuple[Blow, Part], ...]
) -> tuple[Strike, ...]:
    """Return strikes up to so many kill -9; equal arguments give equal strikes.

    Sorts are dealt like cards, so that each comes up as often as the deck has it.

    Args:
        seed: of everything that is drawn.
        kills: how many of the strikes kill; the last does.
        every: mean seconds between two; each gap is half to one and a half of them.
        pause: seconds that a part is stopped, longer than a lease to make a zombie of a worker.
        deck: the sorts of one round.
    """
    rng = random.Random(seed)
    cards = _dealt(rng, deck)
    strikes: list[Strike] = []
    while kills:
        blow, part = next(cards)
        gap, index = round(every * rng.uniform(0.5, 1.5), 3), rng.randrange(16)
        strikes.append(Strike(gap, part, blow, index, pause if blow is Blow.PAUSE else 0.0))
        kills -= blow is Blow.KILL
    return tuple(strikes)


def _dealt(rng: random.Random, deck: tuple[tuple[Blow, Part], ...]) -> Iterator[tuple[Blow, Part]]:
    while True:
        yield from rng.sample(deck, len(deck))
