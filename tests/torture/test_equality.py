"""Equal requests are held against each other, and nothing else is."""

from dataclasses import replace

from tests.torture import studies
from tests.torture.equality import answers, compared, differences
from tests.torture.evidence import Evidence, File


def _study(name: str, *, seed: int = 0, model: bytes = b"m", value: float = 0.7) -> Evidence:
    seen = studies.ended(id=name, seed=seed)
    rows = [
        {**trial, "family": "mlp", "params": {}, "epochs": 3, "value": trial["value"] and value}
        for trial in seen.trials
    ]
    return replace(seen, trials=rows, files={"onnx": File(model, "")})


def test_equal_requests_with_equal_results_are_well() -> None:
    seen = [_study("a"), _study("b"), _study("c", seed=1, model=b"other", value=0.8)]
    assert differences(answers(seen)) == []
    assert compared(answers(seen)) == 2  # c has nobody to be compared with


def test_another_model_or_another_leaderboard_is_a_difference() -> None:
    seen = [_study("a"), _study("b", model=b"n"), _study("c", value=0.8)]
    assert differences(answers(seen)) == [
        "b differs from a in its model",
        "c differs from a in its leaderboard",
    ]


def _changed(seen: Evidence, **changed: object) -> Evidence:
    return replace(seen, study={**seen.study, **changed})


def test_another_search_space_is_another_request() -> None:
    slow = _changed(_study("b", model=b"n"), spec={"search_space": {"linear": {"penalty": ["l1"]}}})
    assert differences(answers([_study("a"), slow])) == []


def test_a_study_cancelled_or_with_a_budget_in_seconds_is_compared_with_none() -> None:
    other = _study("b", model=b"n")
    cut = _changed(other, status="cancelled")
    timed = _changed(other, budget={"seconds": 20.0, "trials": None})
    assert [answer.study for answer in answers([_study("a"), cut, timed])] == ["a"]
