"""Recovery is read from the log: from the blow to the struck trial's next start."""

from datetime import UTC, datetime

import pytest

from tests.torture import studies
from tests.torture.recovery import Recovery, Struck, percentile, recoveries
from tests.torture.schedule import WHOLE

START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("at", "workers", "expected"),
    [
        (6.5, (100,), [4.5]),  # trial 0 was there, given back at 8 s and started at 11 s
        (6.5, (200,), []),  # trial 1 was there and ended all the same
        (6.5, (100, 200), [4.5]),
        (3.5, (100,), []),  # nothing had started
        (8.5, (100,), []),  # it had been taken away already
        (11.5, (200,), []),  # pruned by the attempt that was struck at its last moment
        (6.5, (), []),
    ],
)
def test_struck_trials_are_those_that_ran_there(
    at: float, workers: tuple[int, ...], expected: list[float]
) -> None:
    strike = Struck("kill worker", START + at, workers)
    found = recoveries(studies.LOG, [strike])
    assert [each.running for each in found] == pytest.approx(expected)


def test_waiting_for_a_worker_is_told_from_being_noticed() -> None:
    strike = Struck("kill worker", START + 6.5, (100,))
    assert recoveries(studies.LOG, [strike]) == [Recovery("kill worker", strike.at, 1.5, 4.5)]


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(1, 21)]
    assert percentile(values, 0.5) == 10.0
    assert percentile(values, 0.95) == 19.0
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([], 0.95) is None


@pytest.mark.parametrize("halt", [WHOLE, "stop database", "black hole database"])
@pytest.mark.parametrize(("later", "owed"), [(9.0, True), (6.0, False), (12.0, False)])
def test_a_strike_in_between_that_halts_everyone_is_what_the_recovery_is_owed_to(
    halt: str, later: float, *, owed: bool
) -> None:
    strikes = [Struck("kill worker", START + 6.5, (100,)), Struck(halt, START + later)]
    owed_to = halt if owed else "kill worker"
    assert [each.strike for each in recoveries(studies.LOG, strikes)] == [owed_to]
