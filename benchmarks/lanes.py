"""Networks of one shape trained together, against one after the other: how many times as fast.

    python -m benchmarks.lanes --folds 8 --widths 32 64 128 256 --depths 2 3 --batches 32 64 128
    python -m benchmarks.lanes --folds 3 --candidates 2 4 8

Generated tables, one like phoneme (4,700 training rows a fold, 5 numbers) and one like adult (6,000
rows, 60 columns, most of them flags). All sides are the project's own loops on one thread, timed in
seconds of the processor, by turns, each at its fastest: a candidate's folds one by one, its folds
together, and its folds beside those of other candidates, which differ in learning rate, weight
decay, dropout and smoothing. Seconds are those of one candidate. The mean best scores on the
validation rows stand beside the ratios, and how many candidates `automl.training.lanes.companions`
would have train together. On a GPU seconds are those of the clock. The last line is the whole
sweep's.
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
    parser.add_argument("--candidates", type=int, nargs="*", default=[], help="at once")
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 64, 128, 256])
    parser.add_argument("--depths", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 64, 128])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    names = ["one by one s", "folds together", *(f"× {count}" for count in args.candidates)]
    print(f"| table | width × depth, batch | {' | '.join(names)} | AUC | pays |")
    print("|---" * (len(names) + 4) + "|")
    totals = np.zeros(len(names))
    for table, width, depth, batch in product(args.tables, args.widths, args.depths, args.batches):
        folds = _folds(*TABLES[table], count=args.folds, device=args.device)
        changes = {"width": width, "layers": depth, "batch_size": batch, "epochs": args.epochs}
        seconds, scores, pays = _compare(
            args.family, changes, folds, args.repeats, [1, *args.candidates]
        )
        totals += seconds
        shape = f"{table} | {width} × {depth}, {batch}"
        print(f"| {shape} | {_figures(seconds)} | {scores} | {pays} |", flush=True)
    print(f"| all | | {_figures(totals)} | | |")


def _figures(seconds: Floats) -> str:
    """Return the seconds of the first side, and how many times as fast the others were."""
    alone, *others = seconds.tolist()
    return " | ".join([f"{alone:.2f}", *(f"{alone / each:.2f}" for each in others)])


def _compare(
    family: str,
    changes: dict[str, Value],
    folds: Sequence[Fold],
    repeats: int,
    counts: Sequence[int],
) -> tuple[Floats, str, str]:
    """Return all sides' seconds a candidate, their scores, and how many should train together."""
    model, space = FAMILIES[family]
    params = {**defaults(space.SPEC.space), "categories": "one_hot", **changes}
    del params["embedding_width"]
    draw = np.random.default_rng(1)
    given = [params, *(_other(params, draw) for _ in range(max(counts) - 1))]
    clock = time.process_time if folds[0].device == "cpu" else time.perf_counter
    seconds = np.full(len(counts) + 1, np.inf)
    scores = [0.0] * len(seconds)
    for _ in range(repeats):
        for side, count in enumerate([0, *counts]):
            begun = clock()
            points = (
                _together(model, given[:count], folds) if count else _alone(model, params, folds)
            )
            seconds[side] = min(seconds[side], (clock() - begun) / max(1, count))
            scores[side] = _best(points)
    pays = lanes.companions(model, params, folds[0], stacking, folds=len(folds))
    told = [scores[0], scores[1], scores[-1]] if len(counts) > 1 else scores
    return seconds, "; ".join(f"{score:.4f}" for score in told), str(pays)


def _other(params: Params, draw: np.random.Generator) -> dict[str, Value]:
    return {
        **params,
        "learning_rate": float(params["learning_rate"]) * float(np.exp(draw.normal())),
        "l2": float(10 ** draw.uniform(-5, -1)),
        "dropout": float(draw.uniform(0.05, 0.4)),
    }


def _alone(model: ModuleType, params: Params, folds: Sequence[Fold]) -> list[CurvePoint]:
    found = []
    for index, fold in enumerate(folds):
        control = Silent()
        fit(model, params, fold, control)
        found += [(index, point) for point in control.points]
    return [CurvePoint(point.epoch, value=point.value, fold=index) for index, point in found]


def _together(
    model: ModuleType, candidates: Sequence[Params], folds: Sequence[Fold]
) -> list[CurvePoint]:
    """Train the candidates side by side; return what the first one told."""
    every, controls = lanes.Lanes(stacking), [Silent() for _ in candidates]
    for params, control in zip(candidates, controls, strict=True):
        every.add(model, params, folds, control)
    left = len(candidates)
    while left:
        for _, outcome in every.epoch():
            if isinstance(outcome, Exception):
                raise outcome
            left -= 1
    return controls[0].points


def _best(points: Sequence[CurvePoint]) -> float:
    """Return the mean over folds of the best epoch's score."""
    best: dict[int | None, float] = {}
    for point in points:
        best[point.fold] = max(best.get(point.fold, 0.0), point.value or 0.0)
    return float(np.mean(list(best.values())))


def _folds(rows: int, numbers: int, flags: int, *, count: int, device: str) -> list[Fold]:
    draw = np.random.default_rng(0)
    every = rows + VALIDATION
    x = np.hstack([draw.normal(size=(every, numbers)), draw.random((every, flags)) < 0.1])
    x = x.astype(np.float32)
    hidden = np.tanh(x @ draw.normal(size=(x.shape[1], 8))) @ draw.normal(size=8)
    y = (hidden + draw.normal(size=every) > 0).astype(np.int64)
    parts = [np.roll(np.arange(every), index * VALIDATION) for index in range(count)]
    return [_fold(x[part], y[part], seed, device) for seed, part in enumerate(parts)]


def _fold(x: np.ndarray, y: np.ndarray, seed: int, device: str) -> Fold:
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
        device=device,
    )


if __name__ == "__main__":
    main()
