"""A study behind scikit-learn's estimator contract.

What a fitted estimator holds is the model file, numbers and names: pickled or copied it takes no
trained object with it, and predicts with ONNX Runtime alone.

Reference: Buitinck et al., "API design for machine learning software", 2013.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data
from typing_extensions import override

from automl.client import Leaderboard, Report, ServiceError
from automl.client.request import as_budget
from automl.core.errors import InvalidInput
from automl.estimators import labels
from automl.estimators.request import Outcome, Request

if TYPE_CHECKING:
    from automl.export.scoring import Scorer, Scores

Space = Mapping[str, Mapping[str, Any]]


class _AutoML(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators share: parameters as a request for a study has them.

    Attributes:
        n_features_in_: how many columns ``X`` had.
        feature_names_in_: their names, where all had one.
        leaderboard_: the trials, the best first; a table in a notebook, ``to_pandas()``.
        report_: how good the model is, and why, as the service's report has it.
        onnx_: the model file's bytes.
        study_id_: the study's id on the service; None where it ran here.
    """

    _task: ClassVar[str]

    def __init__(
        self,
        *,
        budget: str | float | Mapping[str, Any] = "5m",
        metric: str | None = None,
        families: str | Sequence[str] | None = None,
        seed: int = 0,
        positive: str | float | None = None,
        columns: Space | None = None,
        search_space: Space | None = None,
        validation: Mapping[str, Any] | None = None,
        objective: Mapping[str, Any] | None = None,
        ensemble: bool = True,
        slots: int = 1,
        verbose: int = 0,
        url: str | None = None,
        key: str = "",
    ) -> None:
        """Take note of what to ask for; all is checked when it is asked.

        Args:
            budget: wall-clock time such as ``"5m"`` or in seconds, or ``{"trials": 50}``: equal
                seeds with a budget of trials alone give equal models, to the byte.
            metric: what is optimized; None: ``roc_auc`` for two classes, ``log_loss`` for more,
                ``rmse`` for numbers.
            families: only these, such as ``["linear", "lightgbm"]``; None: all that serve.
            seed: of all that is drawn.
            positive: which of two classes counts as found; None: the last.
            columns: corrections by name, such as ``{"kind": "categorical"}`` or ``{"use": False}``.
            search_space: hyperparameters narrowed, by family: ``{"mlp": {"layers": [2, 3]}}``.
            validation: how rows are held back: ``strategy``, ``column`` and ``test_fraction``.
            objective: bounds on the model: ``max_model_bytes`` and ``max_row_ms``.
            ensemble: whether several candidates may be joined; else the model is the best one.
            slots: candidates trained at once on this machine; more than one are processes of
                their own, so a script then needs ``if __name__ == "__main__":``. Networks train on
                the GPUs in turn where torch reaches any, or on ``AUTOML_DEVICE``.
            verbose: 1 says on stderr how the search goes: drawn live on a terminal, a line for
                each better value elsewhere; 0 says nothing.
            url: where a service listens that shall run the study; None: this process does.
            key: an API key, where the service wants one.
        """
        self.budget = budget
        self.metric = metric
        self.families = families
        self.seed = seed
        self.positive = positive
        self.columns = columns
        self.search_space = search_space
        self.validation = validation
        self.objective = objective
        self.ensemble = ensemble
        self.slots = slots
        self.verbose = verbose
        self.url = url
        self.key = key

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 -- scikit-learn's name
        """Search, and keep the best model; return itself.

        Args:
            X: ``(rows, columns)``: an array, nested lists, or a data frame (pandas, polars, Arrow)
                whose columns may also be text, categories and dates. NaN and None are missing.
            y: ``(rows,)``: classes or numbers, none missing.

        Raises:
            ValueError: the data or a parameter is at fault; says what would be right.
            NothingTrained: here no trial was complete when the budget ended.
            ServiceError: the service refused, such as for a wrong key.
            StudyFailed: on the service the search ended without a model.
            Unreachable: the service stayed away.
        """
        target = self._checked_target(y)
        checked = self._checked(X, reset=True)
        check_consistent_length(checked, target)
        request = self._request(numbers=_holds_numbers(checked))
        try:
            self._keep(checked, self._run(request, (checked, target)))
        except InvalidInput as error:
            raise ValueError(str(error)) from error
        except ServiceError as error:
            if error.status != 422:
                raise
            raise ValueError(str(error)) from error
        return self

    def save(self, path: str | Path) -> Path:
        """Write the model as one ONNX file and return its path.

        Its inputs are the columns of ``X`` by name, ``x0``, ``x1``, … where they had none.
        """
        check_is_fitted(self)
        Path(path).write_bytes(self.onnx_)
        return Path(path)

    def _checked_target(self, y: Any) -> npt.NDArray[Any]:
        numeric = self._task == "regression"
        target: npt.NDArray[Any] = validate_data(self, y=y, y_numeric=numeric)
        return target

    def _checked(self, X: Any, *, reset: bool) -> Any:  # noqa: N803
        if _is_frame(X):
            return validate_data(self, X, reset=reset, skip_check_array=True)
        return validate_data(
            self,
            X,
            reset=reset,
            dtype=None,
            ensure_all_finite="allow-nan",
            ensure_min_samples=2 if reset else 1,
        )

    def _request(self, *, numbers: bool) -> Request:
        families = [self.families] if isinstance(self.families, str) else self.families
        return Request(
            task=self._task,
            metric=self.metric,
            positive=self.positive,
            budget=as_budget(self.budget),
            families=families,
            columns=self.columns or {},
            search_space=self.search_space,
            validation=self.validation or {},
            objective=self.objective or {},
            ensemble=self.ensemble,
            seed=self.seed,
            numbers=numbers,
        )

    def _run(self, request: Request, data: tuple[Any, Any]) -> Outcome:
        if self.url is not None:
            from automl.estimators import there

            return there.run(request, data, url=self.url, key=self.key, verbose=bool(self.verbose))
        from automl.estimators import here  # loads what trains

        return here.run(request, data, slots=self.slots, verbose=bool(self.verbose))

    def _keep(self, x: Any, outcome: Outcome) -> None:
        from automl.client import frame

        self._columns = frame.names(x)
        self.onnx_ = outcome.file
        self._scorer = _scorer(outcome.file)
        self.report_: Report = outcome.report
        self.leaderboard_: Leaderboard = outcome.leaderboard
        self.study_id_ = outcome.study_id

    def _scores(self, X: Any) -> "Scores":  # noqa: N803
        """Return the model file's answers, from cells read exactly as those that it learned from.

        Raises:
            ValueError: the rows do not fit the model; names the column.
        """
        from automl.client import frame
        from automl.data.rows import from_file

        check_is_fitted(self)
        table = frame.table(self._checked(X, reset=False)).rename_columns(self._columns)
        with tempfile.TemporaryDirectory(prefix="automl-") as folder:
            file = Path(folder) / "rows.parquet"
            frame.save(table, file)
            try:
                return self._scorer.predict(from_file(file, self._scorer.inputs))
            except InvalidInput as error:
                raise ValueError(str(error)) from error

    @override
    def __getstate__(self) -> dict[str, Any]:
        return {name: it for name, it in super().__getstate__().items() if name != "_scorer"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "onnx_" in state:
            self._scorer = _scorer(state["onnx_"])

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "onnx_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class AutoMLClassifier(ClassifierMixin, _AutoML):  # type: ignore[misc]  # as above
    """Classification by the best model that a study finds.

    Attributes:
        classes_: the labels in order, as ``predict_proba`` has them.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = AutoMLClassifier(budget={"trials": 1}, families="linear").fit(X, y)
    >>> model.predict(X[:3]).tolist(), model.predict_proba(X[:3]).shape
    ([0, 0, 0], (3, 3))
    >>> model.score(X, y) > 0.9
    True
    """

    _task: ClassVar[str] = "classification"

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """Return the classes, ``(rows,)``.

        Where ``metric`` judges labels these may differ from the most probable class: the study then
        also chose from which probability on a class is said.

        Raises:
            ValueError: the rows do not fit the model; names the column.
        """
        answers = self._scores(X).predictions
        found, inverse = np.unique(answers, return_inverse=True)
        places = labels.places(found.tolist(), self.classes_.tolist())
        chosen: npt.NDArray[Any] = self.classes_[places][inverse]
        return chosen

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:  # noqa: N803
        """Return the probabilities of ``classes_``, ``(rows, classes)``. Raises as `predict`."""
        shares = self._scores(X).probabilities
        if shares is None:
            raise TypeError("the model file has no probabilities")
        order = labels.places(self.classes_.tolist(), self._scorer.classes)
        return np.asarray(shares, np.float64)[:, order]

    @override
    def _checked_target(self, y: Any) -> npt.NDArray[Any]:
        target = super()._checked_target(y)
        check_classification_targets(target)
        self.classes_ = np.unique(target)
        labels.check(self.classes_.tolist())
        return target


class AutoMLRegressor(RegressorMixin, _AutoML):  # type: ignore[misc]  # as above
    """Regression by the best model that a study finds.

    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = AutoMLRegressor(budget={"trials": 1}, families="linear").fit(X, y)
    >>> model.predict(X[:3]).shape, model.feature_names_in_[:3].tolist()
    ((3,), ['age', 'sex', 'bmi'])
    """

    _task: ClassVar[str] = "regression"

    def predict(self, X: Any) -> npt.NDArray[np.float64]:  # noqa: N803
        """Return the predicted numbers, ``(rows,)``.

        Raises:
            ValueError: the rows do not fit the model; names the column.
        """
        return np.asarray(self._scores(X).predictions, np.float64)


def _scorer(file: bytes) -> "Scorer":
    from automl.export.scoring import Scorer  # loads ONNX Runtime

    return Scorer(file)


def _is_frame(data: Any) -> bool:
    return hasattr(data, "iloc") or hasattr(data, "__arrow_c_stream__")


def _holds_numbers(data: Any) -> bool:
    """Return whether ``data`` is an array of numbers: it has no ids, dates or categories."""
    return isinstance(data, np.ndarray) and data.dtype.kind in "biuf"
