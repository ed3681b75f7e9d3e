"""Repeated work is read from the log: from the last epoch told to the first told again."""

from collections.abc import Iterator

import pytest

from tests.torture import studies
from tests.torture.evidence import Json
from tests.torture.repeated import RECORD_SECONDS, _struck, repeats


def _epoch(number: int) -> tuple[str, dict[str, int]]:
    return "trial.epoch", {"trial": 0, "epoch": number}


LOG = studies.log(
    studies.held("trial.started", 0, 1, studies.FIRST),
    *map(_epoch, (2, 4, 6, 8)),  # two epochs a second
    studies.held("trial.retried", 0, 1, studies.FIRST),
    studies.held("trial.started", 0, 2, studies.FIRST),
    studies.held("trial.started", 0, 3, studies.FIRST),  # the second died before an epoch
    *map(_epoch, (5, 7)),
    studies.held("trial.started", 0, 4, studies.FIRST),
    *map(_epoch, (8, 10)),
)


def test_it_is_counted_in_seconds_at_the_pace_of_the_attempt_that_was_killed() -> None:
    lag = 2 * (RECORD_SECONDS + 0.5)
    assert list(repeats(LOG)) == pytest.approx([1.5 + lag, lag])


def test_each_attempt_is_struck_so_long_after_its_first_epoch() -> None:
    heard: list[int] = []

    def events() -> Iterator[Json]:
        for event in LOG:
            heard.append(event["seq"])
            yield event

    struck: list[int] = []
    assert _struck(events(), [3.0, 1.0], lambda: struck.append(heard[-1])) == LOG[:12]
    assert struck == [5, 10]  # at the fourth epoch of the first, at the second of the next
    with pytest.raises(AssertionError, match="after 2 of 3 kills"):
        _struck(LOG, [3.0, 1.0, 5.0], lambda: None)
