"""Truth values in words: one meaning however a program or a format writes them."""

import numpy as np
import pytest

from automl import features
from automl.core.catalog import ColumnKind
from automl.core.learner import View
from tests.features.frames import column, frame, strings
from tests.features.test_encoder import assert_same

VIEWS = pytest.mark.parametrize("view", [View.ONE_HOT, View.ORDINAL])


@VIEWS
def test_true_is_also_true_with_a_capital(view: View) -> None:
    rows = frame(x=strings(["true", "false", None, "true"] * 5))
    encoder = features.fit(rows, [column("x", ColumnKind.BOOLEAN, rows.columns["x"])], view)
    later = frame(x=strings(["True", "FALSE", None, "perhaps"]))
    plain = frame(x=strings(["true", "false", None, "perhaps"]))
    np.testing.assert_array_equal(encoder.transform(later), encoder.transform(plain))
    assert_same(encoder, later)


@VIEWS
def test_categories_are_as_they_are_written(view: View) -> None:
    rows = frame(x=strings(["a", "A", "b"] * 9))
    encoder = features.fit(rows, [column("x", ColumnKind.CATEGORICAL, rows.columns["x"])], view)
    a, other, b, unseen = encoder.transform(frame(x=strings(["a", "A", "b", "B"])))
    assert len({tuple(row) for row in (a, other, b, unseen)}) == 4
    assert_same(encoder, frame(x=strings(["a", "A", "b", "B"])))
