"""The report counts and names what was found."""

from tests.torture.case import Result
from tests.torture.checker import Verdict
from tests.torture.recovery import Recovery
from tests.torture.report import failed, report


def _result(**changed: object) -> Result:
    given: dict[str, object] = {
        "name": "strikes",
        "seed": 7,
        "verdict": Verdict(acknowledged=("a", "b"), unknown=("c",), recovered=("c",)),
        "breaches": (),
        "recoveries": [
            Recovery("kill child", 0.0, 0.1, 1.0),
            Recovery("kill worker", 0.0, 5.5, 6.0),
            Recovery("kill worker", 0.0, 6.5, 9.0),
            Recovery("kill service", 0.0, 2.0, 14.0),
        ],
        "strikes": {"kill worker": 3, "pause api": 1},
        "missed": 1,
        "deaths": 5,
        "trials": 12,
        "repeated": 3,
        "studies": 2,
        "compared": 2,
        "seconds": 61.0,
    }
    return Result(**{**given, **changed})  # type: ignore[arg-type]


def test_a_clean_run_says_so_with_its_figures() -> None:
    page = report([_result()], "make torture")
    assert (
        "| strikes | 7 | 4 | 5 | 2 | 3 | 2 | 0 | 1 | 0 | 0 | 1 | 0 | 0 | 6.0 s | 9.0 s | 61 |"
        in page
    )
    assert "4, of them 3 kill -9; 1 found no target" in page
    assert "| kill child | 1 | 0.1 s | 0.1 s | 1.0 s | 1.0 s |" in page
    assert "| kill worker | 2 | 5.5 s | 6.5 s | 6.0 s | 9.0 s |" in page
    assert "| every part | 3 | 5.5 s | 6.5 s | 6.0 s | 9.0 s |" in page
    assert page.endswith("None.\n")
    assert not failed([_result()])


def test_every_breach_is_named_with_its_case() -> None:
    broken = _result(breaches=["st_1: 2 outcomes"], verdict=Verdict(lost=("a",)))
    page = report([_result(), broken], "make torture")
    assert "- strikes, seed 7: lost: a" in page
    assert "- strikes, seed 7: st_1: 2 outcomes" in page
    assert failed([_result(), broken])
