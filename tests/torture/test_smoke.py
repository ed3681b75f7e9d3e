"""A few seeded strikes at real services under clients: nothing lost, nothing twice."""

from pathlib import Path

import pytest

from tests.torture.apart import Apart
from tests.torture.case import Case, run
from tests.torture.report import breaches
from tests.torture.schedule import LASTING, Blow, Card, Part, schedule
from tests.torture.whole import Whole

ENVIRONMENT = {
    "AUTOML_LEASE_SECONDS": "3",
    "AUTOML_HEARTBEAT_SECONDS": "1",
    "AUTOML_FAULT": "study.committed:kill@2",  # the API dies before it answers: clients ask again
}
SHORT = {blow: min(seconds, 4.0) for blow, seconds in LASTING.items()}
DECK: tuple[Card, ...] = (
    (Blow.KILL, Part.WORKER),
    (Blow.KILL, Part.CHILD),
    (Blow.KILL, Part.API),
    (Blow.KILL, Part.BROKER),
    (Blow.KILL, Part.SERVICE),
    (Blow.PAUSE, Part.WORKER),
)
DECK_APART: tuple[Card, ...] = (
    (Blow.KILL, Part.WORKER),
    (Blow.KILL, Part.BROKER),
    (Blow.STOP, Part.DATABASE),
    (Blow.RESET, Part.DATABASE),
    (Blow.BLACK_HOLE, Part.BROKER),
    (Blow.KILL, Part.API),
)
SEED = 3  # both decks whole, and a kill last


@pytest.mark.parametrize(("arena", "deck"), [(Whole, DECK), (Apart, DECK_APART)])
def test_strikes_lose_nothing_and_count_nothing_twice(
    arena: type[Whole | Apart], deck: tuple[Card, ...], tmp_path: Path
) -> None:
    kills = sum(blow is Blow.KILL for blow, _ in deck)
    strikes = schedule(SEED, kills, every=1.0, deck=deck, lasting=SHORT)
    case = Case("smoke", SEED, strikes, arena=arena, environment=ENVIRONMENT, patience=10.0)
    result = run(case, tmp_path / "case")
    assert not breaches([result])
    assert sum(result.strikes.values()) == len(strikes)
    assert result.verdict.acknowledged
    assert result.studies >= 2
