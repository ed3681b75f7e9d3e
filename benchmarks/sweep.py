"""Many candidates of a few shapes on a table: one at a time, folds together, candidates together.

    python -m benchmarks.sweep FOLDER... --candidates 64 [--epochs 20] [--rows 6000] [--lanes 16]
    python -m benchmarks.sweep FOLDER --device cuda

Multilayer perceptrons of 32, 64 or 128 units, two or three layers and batches of 32 to 128, with
learning rate, weight decay and dropout drawn; whole evaluations, with encoding, validation and
out-of-fold predictions, of all sides. What may train together is said by `automl.search.group`.
Beside them the plain script of `benchmarks.plain_search` (Optuna, scikit-learn, PyTorch) is given
the same candidates. Sides take turns width by width, and each width has its rows before those of
all. Seconds are those of the processor, on one thread; on a GPU those of the clock, with the share
in which it computed and the most memory that torch held. Values are the study's metric, of all
out-of-fold rows; beside their best and mean stands how far any candidate's is from its own one at a
time. A folder is one of `benchmarks.problem`.
"""

import argparse
import csv
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 -- before the libraries load

import numpy as np
import torch

from automl.core import metric
from automl.core.catalog import FamilyName, TaskType
from automl.core.hyperparameter import Value
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.core.trial import Candidate
from automl.search.control import Deadline
from automl.search.evaluate import Evaluation, evaluate
from automl.search.group import Member, companions, evaluate_together, free
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from automl.search.rungs import NO_BARS
from automl.training import lanes, paying
from automl.training.strides import Strides
from benchmarks.busy import Busy
from benchmarks.plain_search import Plain
from benchmarks.problem import Problem, load
from tests.tables import dataset

COMMON: dict[str, Value] = {
    "shape": "brick", "activation": "relu", "normalization": "none", "initialization": "kaiming",
    "label_smoothing": 0.0, "class_weight": "none", "optimizer": "adamw", "schedule": "cosine",
    "warmup": 0.0, "patience": 8, "clip": 1.0, "penalty": "l2", "categories": "one_hot",
    "scaling": "standard",
}  # fmt: skip
"""What a plain script does too."""

Side = Callable[[Prepared, Sequence[Candidate], str], list[float]]


@dataclass
class Taken:
    """What a side took, and the value of each candidate by its number."""

    seconds: float = 0.0
    busy: float | None = None
    """The part of these in which a GPU computed."""
    values: dict[int, float] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", help="see benchmarks.problem")
    parser.add_argument("--candidates", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=20, help="5 or more")
    parser.add_argument("--rows", type=int, default=None, help="at most so many")
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 64, 128])
    parser.add_argument("--lanes", type=int, default=None, help="on a processor, for the default")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--plain", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    print("| table | width | side | candidates a minute | ratio | best | mean | furthest | busy |")
    print("|---" * 9 + "|")
    for name in given.folders:
        with tempfile.TemporaryDirectory() as folder:
            problem, path = load(name), Path(folder) / "data.csv"
            with path.open("w", newline="") as file:
                csv.writer(file).writerows([problem.header, *problem.rows[: given.rows]])
            prepared = _prepared(problem, path)
            candidates = drawn(given.candidates, given.widths, given.epochs)
            plain = Plain(path, problem.target, folds=len(prepared.folds)) if given.plain else None
            with _lanes(given.lanes):
                _compare(problem.name, prepared, candidates, given.device, plain)


def drawn(count: int, widths: Sequence[int], epochs: int) -> list[Candidate]:
    """Return so many candidates, the same ones each time."""
    draw = np.random.default_rng(0)
    return [
        Candidate(
            FamilyName.MLP,
            {
                **COMMON,
                "width": int(draw.choice(widths)),
                "layers": int(draw.integers(2, 4)),
                "batch_size": int(draw.choice([32, 64, 128])),
                "learning_rate": float(10 ** draw.uniform(-3.5, -2)),
                "l2": float(10 ** draw.uniform(-5, -1)),
                "dropout": float(draw.uniform(0.01, 0.3)),
                "epochs": epochs,
            },
        )
        for _ in range(count)
    ]


def _prepared(problem: Problem, path: Path) -> Prepared:
    made, table = dataset(path, path.with_suffix(".parquet"))
    kind = TaskType.REGRESSION if problem.regression else TaskType.CLASSIFICATION
    task, none = TaskSpec(kind, problem.target), Validation(test_fraction=0.0)
    spec = StudySpec(made.id, task, Budget(trials=1), validation=none, families=(FamilyName.MLP,))
    return prepare(make_plan(spec, made, table), spec, made, table)


def _compare(
    name: str,
    prepared: Prepared,
    candidates: Sequence[Candidate],
    device: str,
    plain: Plain | None,
) -> None:
    evaluate(prepared, candidates[0], Deadline(None), device=device)  # encodes the folds
    sides = _sides(prepared, candidates, device, plain)
    widths = sorted({int(each.params["width"]) for each in candidates})
    every = {side: Taken() for side in sides}
    for width in widths:
        numbers = [n for n, each in enumerate(candidates) if each.params["width"] == width]
        here = {
            side: _taken(act, prepared, candidates, numbers, device) for side, act in sides.items()
        }
        for side, taken in here.items():
            before, now = every[side].seconds, taken.seconds
            if taken.busy is not None:
                busy = (every[side].busy or 0.0) * before + taken.busy * now
                every[side].busy = busy / (before + now)
            every[side].seconds = before + now
            every[side].values.update(taken.values)
        _show(f"{name} | {width}", here, prepared)
    _show(f"{name} | all", every, prepared)
    if device.startswith("cuda"):
        held, whole = torch.cuda.max_memory_allocated(device), torch.cuda.mem_get_info(device)[1]
        print(f"\nAt most {held / 2**30:.2f} of {whole / 2**30:.0f} GiB were held.", flush=True)


def _lanes(count: int | None) -> AbstractContextManager[object]:
    """Have so many lanes train together on a processor; None: as many as a study's."""
    if count is None:
        return nullcontext()
    return mock.patch.multiple(paying, LANES=count, SWEEP_LANES=count)


def _sides(
    prepared: Prepared, candidates: Sequence[Candidate], device: str, plain: Plain | None
) -> dict[str, Side]:
    """Return what is compared; candidates together only where any two may be."""
    sides: dict[str, Side] = {"one at a time": _one_at_a_time, "folds together": _folds_together}
    if any(len(group) > 1 for group in groups(prepared, candidates, device)):
        sides["candidates together"] = _candidates_together
    if plain is not None:
        # Its study wants more of anything, so it turns the sign of a loss.
        sides["plain script"] = lambda _, each, __: [abs(plain.trial(one.params)) for one in each]
    return sides


def _taken(
    act: Side,
    prepared: Prepared,
    candidates: Sequence[Candidate],
    numbers: Sequence[int],
    device: str,
) -> Taken:
    """Return what a side took for the candidates of those numbers."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    with Busy(device) as busy:
        begun = clock()
        values = act(prepared, [candidates[n] for n in numbers], device)
        seconds = clock() - begun
    return Taken(seconds, busy.share, dict(zip(numbers, values, strict=True)))


def _show(which: str, sides: Mapping[str, Taken], prepared: Prepared) -> None:
    """Print a line for each side; ratios and distances are to the first one's."""
    alone = next(iter(sides.values()))
    for side, taken in sides.items():
        values = list(taken.values.values())
        best = max(values) if metric.maximize(prepared.plan.metric) else min(values)
        furthest = max(abs(value - alone.values[n]) for n, value in taken.values.items())
        print(
            f"| {which} | {side} | {60 * len(values) / taken.seconds:.1f} "
            f"| {alone.seconds / taken.seconds:.2f} "
            f"| {best:.4f} | {np.mean(values):.4f} | {furthest:.1e} "
            f"| {'' if taken.busy is None else f'{taken.busy:.0%}'} |",
            flush=True,
        )


def _one_at_a_time(prepared: Prepared, candidates: Sequence[Candidate], device: str) -> list[float]:
    with mock.patch.object(lanes, "pay", return_value=False):
        return _folds_together(prepared, candidates, device)


def _folds_together(
    prepared: Prepared, candidates: Sequence[Candidate], device: str
) -> list[float]:
    return [evaluate(prepared, each, Deadline(None), device=device).value for each in candidates]


def _candidates_together(
    prepared: Prepared, candidates: Sequence[Candidate], device: str
) -> list[float]:
    values: dict[int, float] = {}
    strides = Strides()  # as in a worker's child

    def member(number: int) -> Member:
        def ended(outcome: Evaluation | Exception) -> None:
            if isinstance(outcome, Exception):
                raise outcome
            values[number] = outcome.value

        return Member(candidates[number], Deadline(None), NO_BARS, None, ended)

    for group in groups(prepared, candidates, device, strides):
        members = list(map(member, group))
        evaluate_together(prepared, members, device=device, threads=1, strides=strides)
    return [values[number] for number in range(len(candidates))]


def groups(
    prepared: Prepared,
    candidates: Sequence[Candidate],
    device: str,
    strides: Strides | None = None,
) -> Iterator[list[int]]:
    """Yield the places of candidates that should train together, by what is known of steps then."""
    alike: dict[object, list[int]] = {}
    for number, candidate in enumerate(candidates):
        names = free(candidate)
        fixed = frozenset(item for item in candidate.params.items() if item[0] not in names)
        alike.setdefault((names, fixed), []).append(number)
    for numbers in alike.values():
        left = numbers
        while left:
            most = companions(prepared, candidates[left[0]], device=device, strides=strides)
            here = -(-len(left) // -(-len(left) // most))  # in even parts
            yield left[:here]
            left = left[here:]


if __name__ == "__main__":
    main()
