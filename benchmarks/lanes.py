"""Folds of one candidate trained together, against one after the other: how many times as fast.

    python -m benchmarks.lanes --folds 8 --widths 32 64 128 256 --depths 2 3 --batches 32 64 128

Generated tables, one like phoneme (4,700 training rows a fold, 5 numbers) and one like adult (6,000
rows, 60 columns, most of them flags). Both sides are the project's own loops on one thread, timed
in seconds of the processor, by turns, each at its fastest. The mean best scores on the validation
rows stand beside the ratio, and whether `automl.training.lanes.pay` lets such folds be lanes. The
last line is the whole sweep's: candidates a minute together against one by one.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import ModuleType

os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 -- before the libraries load

import numpy as np

from automl.core import metric
from automl.core.catalog import MetricName, TaskType
from automl.core.frame import Floats
from automl.core.hyperparameter import Params, Value, defaults
from automl.core.learner import Examples, Fold, Layout
from automl.core.state import State
from automl.core.trial import CurvePoint
from automl.families import lanes as stacking
from automl.families.mlp import model as mlp
from automl.families.mlp import space as mlp_space
from automl.families.realmlp import model as realmlp
from automl.families.realmlp import space as realmlp_space
from automl.families.resnet import model as resnet
from automl.families.resnet import space as resnet_space
from automl.families.tabm import model as tabm
from automl.families.tabm import space as tabm_space
from automl.training import lanes
from automl.training.fit import fit

FAMILIES: dict[str, tuple[ModuleType, ModuleType]] = {
    "mlp": (mlp, mlp_space),
    "resnet": (resnet, resnet_space),
    "realmlp": (realmlp, realmlp_space),
    "tabm": (tabm, tabm_space),
}
TABLES = {"phoneme": (4_700, 5, 0), "adult": (6_000, 6, 54)}
"""Training rows of a fold, numbers, flags."""

VALIDATION = 600


@dataclass
class Silent:
    """A control that lets everything go on."""

    points: list[CurvePoint] = field(default_factory=list)

    def report(self, point: CurvePoint) -> None:
        self.points.append(point)

    def check(self) -> None:
        pass

    def save(self, state: Callable[[], State]) -> None:
        pass

    def seconds_left(self) -> float | None:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=FAMILIES, default="mlp")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--folds", type=int, default=8)
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 64, 128, 256])
    parser.add_argument("--depths", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 64, 128])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    print("| table | width × depth, batch | one by one s | lanes s | ratio | AUC | pays |")
    print("|---|---|---|---|---|---|---|")
    totals = [0.0, 0.0]
    for table, width, depth, batch in product(args.tables, args.widths, args.depths, args.batches):
        folds = _folds(*TABLES[table], count=args.folds)
        changes = {"width": width, "layers": depth, "batch_size": batch, "epochs": args.epochs}
        seconds, scores, pays = _compare(args.family, changes, folds, args.repeats)
        totals = [total + each for total, each in zip(totals, seconds, strict=True)]
        shape = f"{table} | {width} × {depth}, {batch}"
        print(f"| {shape} | {_figures(*seconds)} | {scores} | {pays} |", flush=True)
    print(f"| all | | {_figures(*totals)} | | |")


def _figures(alone: float, together: float) -> str:
    return f"{alone:.2f} | {together:.2f} | {alone / together:.2f}"


def _compare(
    family: str, changes: dict[str, Value], folds: Sequence[Fold], repeats: int
) -> tuple[list[float], str, str]:
    """Return both sides' seconds, their scores, and whether such folds would be lanes."""
    model, space = FAMILIES[family]
    params = {**defaults(space.SPEC.space), "categories": "one_hot", **changes}
    del params["embedding_width"]
    sides = (_alone, _together)
    fastest, scores = [float("inf")] * 2, [0.0] * 2
    for _ in range(repeats):
        for side, train in enumerate(sides):
            begun = time.process_time()
            points = train(model, params, folds)
            fastest[side] = min(fastest[side], time.process_time() - begun)
            scores[side] = _best(points)
    pays = lanes.pay(model, params, folds[0], stacking)
    return fastest, "; ".join(f"{score:.4f}" for score in scores), "yes" if pays else "no"


def _alone(model: ModuleType, params: Params, folds: Sequence[Fold]) -> list[CurvePoint]:
    found = []
    for index, fold in enumerate(folds):
        control = Silent()
        fit(model, params, fold, control)
        found += [(index, point) for point in control.points]
    return [CurvePoint(point.epoch, value=point.value, fold=index) for index, point in found]


def _together(model: ModuleType, params: Params, folds: Sequence[Fold]) -> list[CurvePoint]:
    control = Silent()
    lanes.fit(model, params, folds, control, stacking=stacking)
    return control.points


def _best(points: Sequence[CurvePoint]) -> float:
    """Return the mean over folds of the best epoch's score."""
    best: dict[int | None, float] = {}
    for point in points:
        best[point.fold] = max(best.get(point.fold, 0.0), point.value or 0.0)
    return float(np.mean(list(best.values())))


def _folds(rows: int, numbers: int, flags: int, *, count: int) -> list[Fold]:
    draw = np.random.default_rng(0)
    every = rows + VALIDATION
    x = np.hstack([draw.normal(size=(every, numbers)), draw.random((every, flags)) < 0.1])
    x = x.astype(np.float32)
    hidden = np.tanh(x @ draw.normal(size=(x.shape[1], 8))) @ draw.normal(size=8)
    y = (hidden + draw.normal(size=every) > 0).astype(np.int64)
    parts = [np.roll(np.arange(every), index * VALIDATION) for index in range(count)]
    return [_fold(x[part], y[part], seed) for seed, part in enumerate(parts)]


def _fold(x: np.ndarray, y: np.ndarray, seed: int) -> Fold:
    truth = y[:VALIDATION]

    def score(predictions: Floats) -> float:
        return metric.score(MetricName.ROC_AUC, truth, predictions, positive=1)

    return Fold(
        train=Examples(x[VALIDATION:], y[VALIDATION:]),
        valid=Examples(x[:VALIDATION], truth),
        task=TaskType.CLASSIFICATION,
        outputs=2,
        layout=Layout(x.shape[1], numbers=tuple(range(x.shape[1]))),
        score=score,
        maximize=True,
        seed=seed,
        threads=1,
        device="cpu",
    )


if __name__ == "__main__":
    main()
