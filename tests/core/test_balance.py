"""What classes count."""

import numpy as np
import pytest

from automl.core.balance import ClassWeight, class_weights, row_weights


def test_balanced_classes_count_the_same() -> None:
    y = np.array([0] * 90 + [2] * 10)
    weights = class_weights(ClassWeight.BALANCED, y, 3)
    assert weights[y].mean() == pytest.approx(1.0)
    assert weights[0] * 90 == pytest.approx(weights[2] * 10)
    assert weights[1] == 0
    assert (class_weights(ClassWeight.NONE, y, 3) == 1).all()


def test_rows_count_what_their_class_does() -> None:
    y = np.array([0, 0, 0, 1])
    found = row_weights({"class_weight": "balanced"}, y, 2)
    assert found is not None
    np.testing.assert_allclose(found, [2 / 3, 2 / 3, 2 / 3, 2])
    assert row_weights({"class_weight": "none"}, y, 2) is None
    assert row_weights({}, y, 2) is None
    assert row_weights({"class_weight": "balanced"}, np.array([0.5, 1.5]), 1) is None
