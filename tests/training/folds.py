"""Small folds, candidates and watchers for the training loop."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from torch import nn

from automl.core.catalog import TaskType
from automl.core.errors import TrialStopped
from automl.core.frame import Floats
from automl.core.graph import Graph
from automl.core.hyperparameter import Params, Value
from automl.core.learner import Examples, Fold, Layout
from automl.core.state import State
from automl.core.trial import CurvePoint

RECIPE: dict[str, Value] = {
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "schedule": "constant",
    "batch_size": 32,
    "epochs": 5,
    "patience": 50,
    "clip": 0.0,
    "dropout": 0.0,
    "normalization": "none",
}


class SmallNetwork:
    """A network family of one hidden layer."""

    def build(self, params: Params, layout: Layout, outputs: int) -> nn.Module:
        batch = params["normalization"] == "batch"
        return nn.Sequential(
            nn.Linear(layout.width, 16),
            nn.BatchNorm1d(16) if batch else nn.Identity(),
            nn.ReLU(),
            nn.Dropout(float(params["dropout"])),
            nn.Linear(16, outputs),
        )

    def emit(self, graph: Graph, x: str, network: nn.Module) -> str:
        raise NotImplementedError


@dataclass
class Watcher:
    """A control that remembers, and stops when told to.

    ``left`` gives the seconds left; the training stops at its ``stop_at``-th check, or after the
    report of epoch ``stop_after``.
    """

    left: Callable[[], float | None] = lambda: None
    stop_at: int | None = None
    stop_after: int | None = None
    points: list[CurvePoint] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    checks: int = 0

    def report(self, point: CurvePoint) -> None:
        self.points.append(point)
        if point.epoch == self.stop_after:
            raise TrialStopped

    def check(self) -> None:
        self.checks += 1
        if self.checks == self.stop_at:
            raise TrialStopped

    def save(self, state: Callable[[], State]) -> None:
        self.states.append(state())

    def seconds_left(self) -> float | None:
        return self.left()


def classification(rows: int = 160, *, classes: int = 3, seed: int = 0) -> Fold:
    """Return a fold of blobs, judged by accuracy."""
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(classes, 6)) * 2
    y = draw.integers(classes, size=rows)
    x = (centres[y] + draw.normal(size=(rows, 6))).astype(np.float32)
    kept = rows * 3 // 4
    truth = y[kept:]

    def accuracy(predictions: Floats) -> float:
        return float((predictions.argmax(axis=1) == truth).mean())

    return Fold(
        train=Examples(x[:kept], y[:kept]),
        valid=Examples(x[kept:], truth),
        task=TaskType.CLASSIFICATION,
        outputs=classes,
        layout=Layout(x.shape[1]),
        score=accuracy,
        maximize=True,
        seed=seed,
        threads=1,
        device="cpu",
    )


def regression(rows: int = 160, *, seed: int = 0) -> Fold:
    """Return a fold with a standardized target, judged by its root mean squared error."""
    fold = classification(rows, seed=seed)
    kept = len(fold.train.x)
    x = np.concatenate([fold.train.x, fold.valid.x]).astype(np.float64)
    y = np.sin(x[:, 0]) + 0.3 * x[:, 1]
    y = (y - y.mean()) / y.std()
    truth = y[kept:]

    def rmse(predictions: Floats) -> float:
        return float(np.sqrt(np.mean((predictions[:, 0] - truth) ** 2)))

    return replace(
        fold,
        train=Examples(fold.train.x, y[:kept]),
        valid=Examples(fold.valid.x, truth),
        task=TaskType.REGRESSION,
        outputs=1,
        score=rmse,
        maximize=False,
    )


def equal(one: State, other: State) -> bool:
    """Return whether two states are the same in every bit."""
    return (
        dict(one.header) == dict(other.header)
        and one.arrays.keys() == other.arrays.keys()
        and all(one.arrays[k].tobytes() == other.arrays[k].tobytes() for k in one.arrays)
    )
