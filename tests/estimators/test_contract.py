"""scikit-learn's own checks of an estimator, each with a whole study of one linear trial."""

from collections.abc import Callable
from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from automl.estimators import AutoMLClassifier, AutoMLRegressor

QUICK: dict[str, Any] = {"families": ["linear"], "budget": {"trials": 1}}


@parametrize_with_checks([AutoMLClassifier(**QUICK), AutoMLRegressor(**QUICK)])  # type: ignore[untyped-decorator]
def test_scikit_learns_contract_holds(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
