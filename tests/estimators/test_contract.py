"""scikit-learn's own checks of an estimator, each fit a whole study of one linear trial."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from automl.estimators import AutoMLClassifier, AutoMLRegressor

QUICK: dict[str, Any] = {"families": ["linear"], "budget": {"trials": 1}}

LEFT_OUT = {
    "check_array_api_input": "needs an environment variable before SciPy is imported, else skips",
}
"""Checks that are not made, each with its reason. All others are, and none may fail."""


def checks() -> Iterator[Any]:
    for estimator in (AutoMLClassifier(**QUICK), AutoMLRegressor(**QUICK)):
        for number, (asked, check) in enumerate(estimator_checks_generator(estimator)):
            name = check.func.__name__
            if name not in LEFT_OUT:
                kind = type(estimator).__name__
                yield pytest.param(asked, check, id=f"{kind}-{number}-{name}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_scikit_learns_contract_holds(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
