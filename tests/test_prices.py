"""What members cost: enough to tell the dear ones from the cheap."""

import pytest

from automl.core.catalog import FamilyName, TrialState
from automl.core.trial import Candidate, Trial
from automl.finish.prices import row_micros


def trial(family: FamilyName, parameters: int, epochs: int, trees: int | None = None) -> Trial:
    params = {} if trees is None else {"trees": trees}
    candidate = Candidate(family, params)
    state = TrialState.COMPLETE
    return Trial("s", 0, state, candidate, 0.5, epochs=epochs, parameters=parameters)


@pytest.mark.parametrize(
    ("ended", "outputs", "measured"),
    [
        (trial(FamilyName.LIGHTGBM, 33_170, 1_070), 2, 43),
        (trial(FamilyName.LIGHTGBM, 83_462, 774), 7, 132),
        (trial(FamilyName.CATBOOST, 166_999, 2_613), 2, 13),
        (trial(FamilyName.CATBOOST, 466_000, 7_282), 2, 41),
        (trial(FamilyName.EXTRA_TREES, 82_016, 800, trees=100), 2, 8),
        (trial(FamilyName.EXTRA_TREES, 270_000, 800, trees=100), 1, 35),
        (trial(FamilyName.MLP, 1_180_424, 71), 2, 14),
        (trial(FamilyName.LINEAR, 500, 89), 2, 1),
    ],
    ids=lambda value: value.candidate.family.value if isinstance(value, Trial) else str(value),
)
def test_a_row_takes_about_what_was_measured(ended: Trial, outputs: int, measured: float) -> None:
    assert abs(row_micros(ended, outputs) - measured) <= max(3.0, 0.4 * measured)


def test_more_classes_take_longer() -> None:
    for family in FamilyName:
        ended = trial(family, 50_000, 500, trees=100)
        assert row_micros(ended, 3) >= row_micros(ended, 2) > 0


def test_a_trial_that_tells_nothing_costs_next_to_nothing() -> None:
    bare = Trial("s", 0, TrialState.COMPLETE, Candidate(FamilyName.LIGHTGBM), 0.5)
    assert 0 < row_micros(bare, 2) < 1
