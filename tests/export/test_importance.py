"""Which columns are looked at first where not all can be."""

import numpy as np
import pytest

from automl.core.frame import Frame, Strings
from automl.export import importance

ROWS = 200


@pytest.fixture
def frame() -> Frame:
    random = np.random.default_rng(0)
    told, noise = np.linspace(-1.0, 1.0, ROWS), random.normal(size=ROWS)
    groups = Strings((told > 0).astype(np.int32), ("left", "right"))
    empty, gappy = np.full(ROWS, np.nan), np.where(np.arange(ROWS) % 4, told, np.nan)
    numbers = {"empty": empty, "noise": noise, "gappy": gappy, "told": told}
    return Frame({**numbers, "groups": groups, "constant": np.ones(ROWS)}, ROWS)


@pytest.mark.parametrize("many", [0, 100])
def test_those_that_tell_most_of_the_predictions_come_first(
    frame: Frame, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importance, "_MANY", many)
    says = 1.0 / (1.0 + np.exp(-3.0 * frame.numbers("told")))
    predictions = np.column_stack([1.0 - says, says])
    order = importance._by_relation(frame, predictions, list(frame.columns))
    assert order[0] == "told"
    assert set(order[1:3]) == {"groups", "gappy"}
    assert order[3] == "noise"
