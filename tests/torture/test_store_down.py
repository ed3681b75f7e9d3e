"""The figure of an outage is kept only if every answer, the return and the threads are."""

from dataclasses import replace

import pytest

from tests.torture.store_down import Outage, Told, _figure

GOOD = Outage([Told(0.2, 200, None), Told(4.6, 503, "2")], back=1.5, threads=50)
BAD = {
    "another failure": replace(GOOD, told=[*GOOD.told, Told(0.1, 500, None)]),
    "no answer": replace(GOOD, told=[*GOOD.told, Told(15.0, 0, None)]),
    "late": replace(GOOD, told=[Told(5.5, 503, "2")]),
    "no Retry-After": replace(GOOD, told=[Told(0.1, 503, None)]),
    "long away": replace(GOOD, back=11.0),
    "threads": replace(GOOD, threads=60),
}


def test_what_was_wanted_is_kept_and_told() -> None:
    figure = _figure(30, [GOOD, GOOD])
    assert figure.kept
    assert figure.measured == (
        "2 × 503 with `Retry-After` ≤ 2 s, 0 other failures, slowest answer 4.6 s; back 1.5 s "
        "after the database; threads of a process at most 30 before, 50 in the first outage, "
        "50 in the last"
    )


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_was_not_is_not(bad: Outage) -> None:
    assert not _figure(30, [GOOD, bad]).kept
