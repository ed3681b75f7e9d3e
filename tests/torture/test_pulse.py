"""The pulse knows who holds what, and when work last began."""

import threading

from tests.torture import studies
from tests.torture.fold import seconds
from tests.torture.pulse import Pulse


def _after(count: int) -> Pulse:
    pulse = Pulse()
    for event in studies.LOG[:count]:
        pulse.note("st_1", event)
    return pulse


def test_it_knows_the_workers_that_hold_a_trial() -> None:
    assert _after(5).busy == {100, 200}
    assert _after(8).busy == {200}  # trial 0 was taken from the first
    assert _after(len(studies.LOG)).busy == frozenset()


def test_a_beat_is_a_trial_that_began_later() -> None:
    pulse, fifth = _after(5), seconds(studies.LOG[4]["at"])
    assert pulse.beats(fifth - 0.5, 0.0)
    assert not pulse.beats(fifth, 0.0)
    later = threading.Timer(0.05, pulse.note, ("st_1", studies.LOG[10]))
    later.start()
    assert pulse.beats(fifth, 10.0)


def test_old_events_told_again_are_no_beat() -> None:
    pulse = _after(len(studies.LOG))
    begun = seconds(studies.LOG[10]["at"])
    pulse.note("st_1", studies.LOG[3])
    assert not pulse.beats(begun, 0.0)
