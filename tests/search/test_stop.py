"""A search that is told to stop keeps what it has."""

import time
from collections.abc import Callable

import pytest

from automl.core.errors import TrialStopped
from automl.core.trial import CurvePoint
from automl.search import control
from automl.search.control import Deadline, Stop


def test_a_stop_rings_once_and_stays_rung() -> None:
    stop = Stop()
    assert not stop.bell.poll()
    stop.ask()
    stop.ask()
    assert stop.asked
    assert stop.bell.poll()


def test_what_trains_in_this_process_stops() -> None:
    stop = Stop()
    deadline = Deadline(time.monotonic() + 3600.0, stop=stop)
    deadline.check()
    stop.ask()
    with pytest.raises(TrialStopped, match="stopped"):
        deadline.report(CurvePoint(1))


@pytest.mark.parametrize(("seconds", "told"), [(0.0, [1, 2, 3]), (3600.0, [])])
def test_epochs_are_told_now_and_then(
    monkeypatch: pytest.MonkeyPatch, seconds: float, told: list[int]
) -> None:
    monkeypatch.setattr(control, "TOLD_SECONDS", seconds)
    heard: list[int] = []
    note: Callable[[CurvePoint], None] = lambda point: heard.append(point.epoch)  # noqa: E731
    deadline = Deadline(None, tell=note)
    for epoch in (1, 2, 3):
        deadline.report(CurvePoint(epoch))
    assert heard == told
