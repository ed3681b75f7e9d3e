"""Repeated work is read from the log: from the last epoch told to the first told again."""

import pytest

from tests.torture import studies
from tests.torture.repeated import RECORD_SECONDS, repeats


def test_it_is_counted_in_seconds_at_the_pace_of_the_attempt_that_was_killed() -> None:
    def epoch(number: int) -> tuple[str, dict[str, int]]:
        return "trial.epoch", {"trial": 0, "epoch": number}

    log = studies.log(
        studies.held("trial.started", 0, 1, studies.FIRST),
        *map(epoch, (2, 4, 6, 8)),  # two epochs a second
        studies.held("trial.retried", 0, 1, studies.FIRST),
        studies.held("trial.started", 0, 2, studies.FIRST),
        studies.held("trial.started", 0, 3, studies.FIRST),  # the second died before an epoch
        *map(epoch, (5, 7)),
        studies.held("trial.started", 0, 4, studies.FIRST),
        *map(epoch, (8, 10)),
    )
    assert list(repeats(log)) == pytest.approx([1.5 + 2 * RECORD_SECONDS, 2 * RECORD_SECONDS])
