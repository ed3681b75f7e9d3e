"""Training, prediction and graph of the rocket family: kernels' shares under a ridge."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax
from threadpoolctl import threadpool_limits

from automl.core.catalog import TaskType
from automl.core.frame import Floats
from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Examples, Fold, Matrix
from automl.core.state import State, nest, unnest
from automl.core.trial import CurvePoint
from automl.families.linear.loss import loss_of
from automl.families.pace import Pace
from automl.families.rocket import bank as banks
from automl.families.rocket import ridge, space
from automl.families.rocket.bank import Bank

SHARPNESS = tuple(2.0 ** np.arange(-2.0, 6.01, 0.25))
"""What scores may be multiplied by before they become probabilities."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedRocket:
    """What kernels see and weights ``(features + 1, columns)`` float32, the intercept last.

    Two classes share one column.
    """

    bank: Bank
    weights: npt.NDArray[np.float32]
    sharpness: float
    task: TaskType
    outputs: int

    @property
    def parameters(self) -> int:
        """Trained numbers: weights and biases."""
        return self.weights.size + self.bank.width

    @property
    def epochs(self) -> int:
        """One: everything is solved at once."""
        return 1

    def predict(self, x: Matrix) -> Floats:
        """Return ``(rows, outputs)``: class probabilities, or the standardized target."""
        return self._meaning(self._scores(self.bank.transform(x)))

    def state(self) -> State:
        """Return kernels, weights and what they mean."""
        header = {"task": self.task.value, "outputs": self.outputs, "sharpness": self.sharpness}
        return nest({"bank": self.bank.state(), "head": State(header, {"weights": self.weights})})

    def emit(self, graph: Graph, x: str) -> str:
        """Write the kernels and one matrix product in float64."""
        features = graph.node("Cast", self.bank.emit(graph, x), to=ElementType.DOUBLE)
        weights = graph.node("Cast", graph.constant(self.weights[:-1]), to=ElementType.DOUBLE)
        product = graph.node("MatMul", features, weights)
        scores = graph.node("Add", product, graph.constant(self.weights[-1], np.float64))
        if self.task is TaskType.REGRESSION:
            return scores
        scores = graph.node("Mul", scores, graph.constant(self.sharpness, np.float64))
        if self.outputs == 2:
            first = graph.node("Sigmoid", graph.node("Neg", scores))
            return graph.node("Concat", first, graph.node("Sigmoid", scores), axis=1)
        return graph.node("Softmax", scores, axis=1)

    def _scores(self, features: npt.NDArray[np.float32]) -> Floats:
        weights = self.weights.astype(np.float64)
        result: Floats = features.astype(np.float64) @ weights[:-1] + weights[-1]
        return result

    def _meaning(self, scores: Floats) -> Floats:
        return _meaning(self.task, self.outputs, self.sharpness * scores)


def fit(params: Params, fold: Fold, control: Control) -> FittedRocket:
    """Return kernels with the ridge that left-out training rows call for.

    Nothing is chosen by the validation rows.

    Raises:
        TrialStopped: ``control`` said so.
    """
    with threadpool_limits(limits=fold.threads):
        pace = Pace(control)
        control.check()
        features = space.features(len(fold.train.x), int(params["features"]))
        draw, differences = int(params["draw"]), bool(params["differences"])
        bank = banks.fit(fold.train.x, features=features, differences=differences, seed=draw)
        seen = bank.transform(fold.train.x, control.check)
        solved = ridge.fit(seen, _targets(fold), sizes=bank.sizes, check=control.check)
        sharpness = _sharpness(fold, solved.left_out)
        found = FittedRocket(bank, solved.weights, sharpness, fold.task, fold.outputs)
        control.report(_point(fold, found, solved.left_out, pace.lap()))
        return found


def load(state: State) -> FittedRocket:
    """Return what ``FittedRocket.state`` once wrote down."""
    parts: Mapping[str, State] = unnest(state)
    head = parts["head"]
    return FittedRocket(
        banks.load(parts["bank"]),
        head.arrays["weights"],
        head.header["sharpness"],
        TaskType(head.header["task"]),
        head.header["outputs"],
    )


def _targets(fold: Fold) -> Floats:
    """Return what the ridge is to hit: a column a class of −1 and 1, or the target itself."""
    y = fold.train.y
    if fold.task is TaskType.REGRESSION:
        return y[:, None].astype(np.float64)
    classes = np.arange(1, 2) if fold.outputs == 2 else np.arange(fold.outputs)
    return np.where(y[:, None] == classes, 1.0, -1.0)


def _sharpness(fold: Fold, left_out: Floats) -> float:
    """Return how sure the scores of left-out rows were right to be, by their log loss.

    Truths are softened as if a few rows more had been wrong, lest few rows that are all right
    make everything certain.

    Reference: Platt (1999), "Probabilistic outputs for support vector machines", section 2.2.
    """
    if fold.task is TaskType.REGRESSION:
        return 1.0
    y, rows = fold.train.y, len(fold.train.y)
    truth = np.eye(fold.outputs)[y]
    truth += (1.0 / fold.outputs - truth) * (fold.outputs / (rows + 2.0 * fold.outputs))

    def wrong(sharpness: float) -> float:
        chances = _meaning(fold.task, fold.outputs, sharpness * left_out)
        return float(-(truth * np.log(np.maximum(chances, 1e-15))).sum())

    return float(min(SHARPNESS, key=wrong))


def _point(fold: Fold, found: FittedRocket, left_out: Floats, seconds: float) -> CurvePoint:
    loss = loss_of(fold.task, fold.outputs)

    def mean(scores: Floats, examples: Examples) -> float:
        return loss.measure(found.sharpness * scores, examples.y)[0]

    scores = found._scores(found.bank.transform(fold.valid.x))  # noqa: SLF001 -- its own
    predictions = _meaning(fold.task, fold.outputs, found.sharpness * scores)
    value = fold.score(predictions)
    return CurvePoint(
        1,
        train_loss=mean(left_out, fold.train),
        valid_loss=mean(scores, fold.valid),
        value=float(value) if np.isfinite(value) else None,
        seconds=seconds,
    )


def _meaning(task: TaskType, outputs: int, scores: Floats) -> Floats:
    """Return what scores say: themselves, or probabilities."""
    if task is TaskType.REGRESSION:
        return scores
    if outputs == 2:
        return np.hstack([expit(-scores), expit(scores)])
    result: Floats = softmax(scores, axis=1)
    return result
