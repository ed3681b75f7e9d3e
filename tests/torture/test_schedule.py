"""Schedules are dealt, not improvised."""

from collections import Counter

import pytest

from tests.torture.schedule import (
    DECK,
    DECK_APART,
    LASTING,
    Blow,
    Card,
    Part,
    Strike,
    rolling,
    schedule,
)

ROUND = sum(blow is Blow.KILL for blow, _ in DECK)


def _drawn(seed: int, kills: int = 3 * ROUND) -> tuple[Strike, ...]:
    return schedule(seed, kills, every=4.0, deck=DECK)


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


@pytest.mark.parametrize("deck", [DECK, DECK_APART])
def test_each_round_has_every_sort_as_often_as_the_deck(deck: tuple[Card, ...]) -> None:
    strikes = schedule(3, 60, every=4.0, deck=deck)
    for start in (0, len(deck)):
        dealt = Counter((s.blow, s.part) for s in strikes[start : start + len(deck)])
        assert dealt == Counter(deck)


def test_the_two_decks_together_have_every_blow_and_every_part() -> None:
    cards = {*DECK, *DECK_APART}
    assert {blow for blow, _ in cards} == set(Blow)
    assert {part for _, part in cards} == set(Part)


def test_blows_of_a_moment_do_not_last_and_gaps_stay_around_the_mean() -> None:
    for strike in schedule(4, 40, every=4.0, deck=DECK_APART):
        assert strike.seconds == LASTING.get(strike.blow, 0.0)
        assert 2.0 <= strike.after <= 6.0


def test_a_rolling_restart_takes_every_part_and_every_worker_in_turn() -> None:
    strikes = rolling(180.0, 5.0)
    assert len(strikes) == 36
    assert {strike.blow for strike in strikes} == {Blow.TERM}
    assert {s.part for s in strikes} == {Part.WORKER, Part.API, Part.BROKER, Part.DATABASE}
    workers = [strike.index % 2 for strike in strikes if strike.part is Part.WORKER]
    assert workers[:4] == [0, 1, 0, 1]
