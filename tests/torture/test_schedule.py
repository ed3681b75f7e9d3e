"""Schedules are dealt, not improvised."""

from collections import Counter

from tests.torture.schedule import DECK, Blow, Part, Strike, schedule

ROUND = sum(blow is Blow.KILL for blow, _ in DECK)


def _drawn(seed: int, kills: int = 3 * ROUND) -> tuple[Strike, ...]:
    return schedule(seed, kills, every=4.0, pause=8.0, deck=DECK)


def test_equal_seeds_give_equal_schedules_and_others_do_not() -> None:
    assert _drawn(1) == _drawn(1)
    assert _drawn(1) != _drawn(2)


def test_a_longer_schedule_begins_like_a_shorter_one() -> None:
    shorter = _drawn(1, 10)
    assert _drawn(1)[: len(shorter)] == shorter


def test_it_has_as_many_kills_as_asked_and_ends_with_one() -> None:
    strikes = _drawn(1, 10)
    assert [strike.blow for strike in strikes].count(Blow.KILL) == 10
    assert strikes[-1].blow is Blow.KILL


def test_each_round_has_every_sort_as_often_as_the_deck() -> None:
    strikes = _drawn(3)
    for start in (0, len(DECK)):
        dealt = Counter((s.blow, s.part) for s in strikes[start : start + len(DECK)])
        assert dealt == Counter(DECK)
    assert {blow for blow, _ in DECK} == set(Blow)
    assert {part for _, part in DECK} == set(Part)


def test_only_pauses_last_and_gaps_stay_around_the_mean() -> None:
    for strike in _drawn(4):
        assert strike.seconds == (8.0 if strike.blow is Blow.PAUSE else 0.0)
        assert 2.0 <= strike.after <= 6.0
