"""The report counts and names what was found."""

from tests.torture.case import Result
from tests.torture.checker import Verdict
from tests.torture.equality import Answer
from tests.torture.figure import Figure
from tests.torture.recovery import Recovery
from tests.torture.report import breaches, report


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
        "answers": [Answer("st_1", (0, 4, "null"), "board", "model")],
        "overruns": [0.5, 12.25],
        "seconds": 61.0,
    }
    return Result(**{**given, **changed})  # type: ignore[arg-type]


def test_a_clean_run_says_so_with_its_figures() -> None:
    figure = Figure("works with the broker down", "loss ≤ 20 %", "4 %", kept=True)
    page = report([_result(), _result()], [figure], "make torture")
    assert (
        "| strikes | 7 | 4 | 5 | 2 | 3 | 2 | 0 | 1 | 0 | 0 | 1 | 0 | 0 | 6.0 s | 9.0 s | 61 |"
        in page
    )
    assert "8, of them 6 kill -9; 2 found no target; 10 deaths noticed" in page
    assert "model bytes: 2, of which 0 differ." in page
    assert "budget in seconds: 4, ended at most 12.2 s after it." in page
    assert "| kill child | 2 | 0.1 s | 0.1 s | 1.0 s | 1.0 s |" in page
    assert "| kill worker | 4 | 5.5 s | 6.5 s | 6.0 s | 9.0 s |" in page
    assert "| every part | 6 | 5.5 s | 6.5 s | 6.0 s | 9.0 s |" in page
    assert "| works with the broker down | loss ≤ 20 % | 4 % |" in page
    assert page.endswith("None.\n")


def test_every_breach_is_named_with_its_case() -> None:
    broken = _result(breaches=["st_1: 2 outcomes"], verdict=Verdict(lost=("a",)))
    other = _result(answers=[Answer("st_2", (0, 4, "null"), "board", "other")])
    figure = Figure("honest degradation", "≤ 10 s", "12 s", kept=False)
    assert breaches([_result(), broken, other], [figure]) == [
        "strikes, seed 7: lost: a",
        "strikes, seed 7: st_1: 2 outcomes",
        "st_2 differs from st_1 in its model",
        "honest degradation: 12 s",
    ]
    assert "- honest degradation: 12 s\n" in report([broken], [figure], "make torture")
