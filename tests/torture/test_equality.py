"""Equal requests are held against each other, and nothing else is."""

from dataclasses import replace

from tests.torture import studies
from tests.torture.equality import compared, differences
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
    assert differences(seen) == []
    assert compared(seen) == 2  # c has nobody to be compared with


def test_another_model_or_another_leaderboard_is_a_difference() -> None:
    seen = [_study("a"), _study("b", model=b"n"), _study("c", value=0.8)]
    assert differences(seen) == [
        "b differs from a in its model",
        "c differs from a in its leaderboard",
    ]


def test_a_study_that_was_cancelled_is_compared_with_none() -> None:
    cut = _study("b", model=b"n")
    seen = [_study("a"), replace(cut, study={**cut.study, "status": "cancelled"})]
    assert differences(seen) == []
    assert compared(seen) == 0
