"""Who comes too late looks around, and who is alone takes what comes first."""

from automl.store.spread import MOST, Spread

ROWS = tuple(range(10))


def chosen(spread: Spread, worker: str = "w") -> set[int]:
    return {spread.order(worker, ROWS)[0] for _ in range(200)}


def test_a_lone_worker_takes_the_first() -> None:
    assert chosen(Spread()) == {0}


def test_who_was_late_chooses_among_twice_as_many() -> None:
    spread = Spread()
    for width in (2, 4, 8, 10):
        spread.late("w")
        assert chosen(spread) == set(range(width))
    assert chosen(spread, "another") == {0}


def test_who_is_in_time_comes_back_to_the_first() -> None:
    spread = Spread()
    for _ in range(20):
        spread.late("w")
    assert spread.width("w") == MOST
    for _ in range(6):
        spread.begun("w")
    assert chosen(spread) == {0}


def test_nothing_is_lost_or_reordered_behind_the_choice() -> None:
    spread = Spread()
    assert spread.order("w", ()) == []
    spread.late("w")
    for _ in range(20):
        first, *others = spread.order("w", ROWS)
        assert others == [row for row in ROWS if row != first]
