"""A few seeded strikes at a real service under clients: nothing lost, nothing twice."""

from pathlib import Path

from tests.torture.case import Case, run
from tests.torture.schedule import Blow, Part, schedule

ENVIRONMENT = {
    "AUTOML_LEASE_SECONDS": "3",
    "AUTOML_HEARTBEAT_SECONDS": "1",
    "AUTOML_FAULT": "study.committed:kill@2",  # the API dies before it answers: clients ask again
}
DECK = (
    (Blow.KILL, Part.WORKER),
    (Blow.KILL, Part.CHILD),
    (Blow.KILL, Part.API),
    (Blow.KILL, Part.BROKER),
    (Blow.KILL, Part.SERVICE),
    (Blow.PAUSE, Part.WORKER),
)


def test_strikes_lose_nothing_and_count_nothing_twice(tmp_path: Path) -> None:
    strikes = schedule(1, 6, every=3.0, pause=5.0, deck=DECK)
    result = run(Case("smoke", 1, strikes, environment=ENVIRONMENT), tmp_path / "case")
    assert not result.verdict.breaches
    assert not result.breaches
    assert sum(result.strikes.values()) == len(strikes)
    assert result.verdict.acknowledged
    assert result.studies >= 2
