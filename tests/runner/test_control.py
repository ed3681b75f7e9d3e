"""Curves on their way to the store: how often they are written."""

from collections.abc import Sequence
from unittest import mock

import pytest

from automl.core.catalog import FamilyName
from automl.core.errors import TrialGivesWay, Unavailable
from automl.core.leases import Order
from automl.core.state import State
from automl.core.trial import Attempt, Candidate, CurvePoint
from automl.runner.control import LONGEST_RECORD_SECONDS, RECORD_SECONDS, AttemptControl
from automl.runner.way import Way

ATTEMPT = Attempt("st", "default", 0, 1, Candidate(FamilyName.LINEAR, {}), None, None)
EPOCHS = 4000


class Clock:
    """Time that passes only where it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class BusyLeases:
    """A store that takes so many seconds for every write."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds
        self.written: list[int] = []
        self.at: list[float] = []

    def record(self, attempt: Attempt, points: Sequence[CurvePoint]) -> None:
        assert attempt is ATTEMPT
        self._clock.now += self._seconds
        self.written += [point.epoch for point in points]
        self.at.append(self._clock.now)


@pytest.mark.parametrize(
    ("takes", "between"),
    [(0.0, RECORD_SECONDS), (0.01, RECORD_SECONDS), (0.1, 2.0), (3.0, LONGEST_RECORD_SECONDS)],
)
def test_curves_are_written_more_rarely_to_a_busy_store(
    monkeypatch: pytest.MonkeyPatch, takes: float, between: float
) -> None:
    clock = Clock()
    monkeypatch.setattr("automl.runner.control.time", clock)
    leases = BusyLeases(clock, takes)
    control = AttemptControl(
        mock.Mock(leases=leases),
        ATTEMPT,
        mock.Mock(**{"order.return_value": Order.GO_ON}),
        limit=0.0,
        spent=0.0,
        checkpoint_seconds=10.0,
        way=mock.Mock(),
    )
    for epoch in range(1, EPOCHS + 1):
        clock.now += 0.01
        control.report(CurvePoint(epoch, 0.5))
    control.flush()

    assert leases.written == list(range(1, EPOCHS + 1))  # rarely, and yet all of them
    gaps = [after - before for before, after in zip(leases.at[1:-2], leases.at[2:-1], strict=True)]
    assert gaps
    assert gaps == pytest.approx([between] * len(gaps), abs=0.02)


def test_who_trains_beside_one_that_gave_way_does_not_wait_for_its_next_checkpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, shelf = Clock(), mock.Mock()
    monkeypatch.setattr("automl.runner.control.time", clock)
    way = Way(mock.Mock(), pause=0.0)
    control = AttemptControl(
        mock.Mock(),
        ATTEMPT,
        mock.Mock(**{"order.return_value": Order.GO_ON}),
        limit=0.0,
        spent=0.0,
        checkpoint_seconds=10.0,
        way=way,
    )
    monkeypatch.setattr(control, "_store_checkpoint", shelf)

    def save() -> None:
        clock.now += 0.01
        control.save(lambda: State({}))

    save()
    assert not shelf.called
    way.given = True
    shelf.side_effect = Unavailable("no room")
    save()  # trains on, and tries again as often as it stores any
    save()
    assert shelf.call_count == 1
    shelf.side_effect = None
    clock.now += 10.0
    with pytest.raises(TrialGivesWay):
        save()
