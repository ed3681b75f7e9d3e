"""Training, prediction and graph of the linear family."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from automl.core.balance import row_weights
from automl.core.catalog import TaskType, TrialFailure
from automl.core.errors import TrialError
from automl.core.frame import Floats
from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Fold, Matrix
from automl.core.state import State
from automl.core.trial import CurvePoint
from automl.families.linear.emphasis import emphasis_of, emphasized
from automl.families.linear.loss import loss_of
from automl.families.linear.problem import Problem, bound_of, rows_of
from automl.families.linear.proximal import proximal
from automl.families.linear.quasi_newton import quasi_newton
from automl.families.linear.rowspace import basis_of, turned, turned_back
from automl.families.pace import Pace

PATH = tuple(10.0 ** np.arange(-0.5, -7.1, -0.75))
"""Strengths for the mean loss of a row, strong to weak; C = 1 / (strength × rows)."""
_PASSES = {False: 30, True: 200}
_TOLERANCE = {False: 1e-4, True: 1e-7}
"""On the path, where early stopping matters more than exactness, and for one strength asked for."""
_PATIENCE = 2  # strengths
_NOTICEABLE = 1e-4  # share of the validation loss
_WORSE = 1.05  # times the best one: there is no way back from so far


@dataclass(frozen=True, slots=True, eq=False)
class FittedLinear:
    """Weights ``(features + 1, columns)`` float64, the intercept last.

    Two classes share one column. ``epochs`` counts passes over the training rows.
    """

    weights: Floats
    task: TaskType
    outputs: int
    epochs: int

    @property
    def parameters(self) -> int:
        """Trained numbers."""
        return self.weights.size

    def predict(self, x: Matrix) -> Floats:
        """Return ``(rows, outputs)``: class probabilities, or the standardized target."""
        scores = x.astype(np.float64) @ self.weights[:-1] + self.weights[-1]
        return loss_of(self.task, self.outputs).predict(scores)

    def state(self) -> State:
        """Return the weights and what they mean."""
        header = {"task": self.task.value, "outputs": self.outputs, "epochs": self.epochs}
        return State(header, {"weights": self.weights})

    def emit(self, graph: Graph, x: str) -> str:
        """Write one matrix product in float64 and what makes probabilities of it."""
        product = graph.product(x, self.weights[:-1])
        scores = graph.node("Add", product, graph.constant(self.weights[-1], np.float64))
        if self.task is TaskType.REGRESSION:
            return scores
        if self.outputs == 2:
            first = graph.node("Sigmoid", graph.node("Neg", scores))
            return graph.node("Concat", first, graph.node("Sigmoid", scores), axis=1)
        return graph.node("Softmax", scores, axis=1)


def fit(params: Params, fold: Fold, control: Control) -> FittedLinear:
    """Return the weights of the best strength on the validation rows, or of the one asked for.

    Raises:
        TrialError: the loss is not a number.
        TrialStopped: ``control`` said so.
    """
    with threadpool_limits(limits=fold.threads):
        pace = Pace(control)
        sizes = emphasis_of(params, fold.train, fold.outputs)
        walk = _walk(params, emphasized(fold, sizes), control, pace)
        found = _best(walk, pace) if params["strength"] == "path" else list(walk)[-1]
    weights = found.weights if sizes is None else found.weights * np.append(sizes, 1.0)[:, None]
    return FittedLinear(weights, fold.task, fold.outputs, found.passes)


def load(state: State) -> FittedLinear:
    """Return what ``FittedLinear.state`` once wrote down."""
    header = state.header
    task = TaskType(header["task"])
    return FittedLinear(state.arrays["weights"], task, header["outputs"], header["epochs"])


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The weights of one strength; ``loss`` is that of the validation rows."""

    weights: Floats
    passes: int
    loss: float


def _best(walk: Iterator[_Found], pace: Pace) -> _Found:
    """Return the strength with the lowest loss; stop asking when weaker ones bring nothing."""
    best = next(walk)
    stale = 0
    for found in walk:
        better = found.loss < best.loss * (1 - _NOTICEABLE)
        empty = not found.weights[:-1].any()  # L1 has let nothing in yet
        stale = 0 if better or empty else stale + 1
        worse = found.loss > best.loss * _WORSE
        best = min(best, found, key=lambda one: one.loss)
        if worse or stale == _PATIENCE or pace.over():
            break
    return best


def _walk(params: Params, fold: Fold, control: Control, pace: Pace) -> Iterator[_Found]:
    """Yield what each strength gives, each starting from the weights of the one before."""
    loss = loss_of(fold.task, fold.outputs)
    share = _l1_share(params)
    train = rows_of(fold.train, row_weights(params, fold.train.y, fold.outputs))
    basis = None if share > 0 else basis_of(train)
    train, valid = turned(train, basis), turned(rows_of(fold.valid), basis)
    bound = bound_of(train, loss)
    weights = np.zeros((train.x.shape[1] + 1, loss.columns))
    passes = 0

    def tick() -> None:
        nonlocal passes
        control.check()
        passes += 1

    minimize = proximal if share > 0 else quasi_newton
    for strength, exact in _strengths(params, len(fold.train.y)):
        problem = Problem(train, loss, bound, strength * (1 - share), strength * share, tick)
        weights = minimize(problem, weights, passes=_PASSES[exact], tolerance=_TOLERANCE[exact])
        scores = valid.scores(weights)
        train_loss, _ = loss.measure(train.scores(weights), train.y, train.weights)
        valid_loss, _ = loss.measure(scores, valid.y)
        if not np.isfinite(train_loss + valid_loss):
            raise TrialError(
                TrialFailure.NON_FINITE_LOSS,
                f"The loss was {train_loss}, {valid_loss} on the validation rows.",
            )
        scored = train_loss, valid_loss, fold.score(loss.predict(scores))
        control.report(CurvePoint(passes, *scored, seconds=pace.lap()))
        yield _Found(turned_back(weights, basis), passes, valid_loss)


def _l1_share(params: Params) -> float:
    match params["penalty"]:
        case "l2":
            return 0.0
        case "l1":
            return 1.0
        case _:
            return float(params["l1_ratio"])


def _strengths(params: Params, rows: int) -> list[tuple[float, bool]]:
    """Return the path, or its part on the way to the one strength asked for, which is exact."""
    if params["strength"] == "path":
        return [(strength, False) for strength in PATH]
    asked = 1.0 / (float(params["c"]) * rows)
    return [*((strength, False) for strength in PATH if strength > 2.0 * asked), (asked, True)]
