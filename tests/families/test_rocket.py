"""Kernels for series: the file counts as training did, whatever the series' lengths."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from automl.core.catalog import TaskType
from automl.core.graph import Graph
from automl.core.learner import Examples, Fold, Layout
from automl.export.onnx import serialize
from automl.export.scoring import Session
from automl.families.rocket import bank, kernels, model, ridge
from automl.families.rocket.bank import Bank
from automl.training.archive import pack
from tests.families.watcher import Watcher

Series = npt.NDArray[np.float32]


def series(rows: int, channels: int, steps: int, *, seed: int = 0, ragged: bool = True) -> Series:
    """Return walks; with ``ragged`` many end early, and some steps within are missing."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, channels, steps)).cumsum(axis=2)
    if ragged:
        lengths = random.integers(0, steps + 1, rows)
        x[np.arange(steps) >= np.where(random.random(rows) < 0.6, lengths, steps)[:, None, None]
          & np.ones((1, channels, 1), bool)] = np.nan  # fmt: skip
        x[random.random(x.shape) < 0.02] = np.nan
    return x.astype(np.float32)


def as_file(seen: Bank, x: Series) -> Series:
    graph = Graph()
    value = graph.input("X", "array", dtype=np.float32, shape=x.shape[1:])
    graph.output("prediction", seen.emit(graph, value))
    return Session(serialize(graph, metadata={})).score({"X": x}).predictions


def fold(x: Series, y: npt.NDArray[Any], outputs: int) -> Fold:
    half = len(x) // 2
    task = TaskType.REGRESSION if outputs == 1 else TaskType.CLASSIFICATION

    def score(predictions: npt.NDArray[np.float64]) -> float:
        if outputs == 1:
            return float(np.sqrt(((predictions[:, 0] - y[half:]) ** 2).mean()))
        return float((predictions.argmax(axis=1) == y[half:]).mean())

    return Fold(
        train=Examples(x[:half], y[:half]),
        valid=Examples(x[half:], y[half:]),
        task=task,
        outputs=outputs,
        layout=Layout(x[0].size, shape=x.shape[1:]),
        score=score,
        maximize=outputs > 1,
        seed=1,
        threads=1,
        device="cpu",
    )


@pytest.mark.parametrize("differences", [False, True])
@pytest.mark.parametrize(
    ("channels", "steps"),
    [(1, 1), (1, 2), (2, 5), (1, 8), (3, 9), (1, 33), (12, 20), (1, 300)],
)
def test_the_file_sees_exactly_what_training_saw(
    channels: int, steps: int, differences: bool
) -> None:
    x = series(40, channels, steps)
    seen = bank.fit(x, features=420, differences=differences, seed=3)
    strange = series(60, channels, steps, seed=5)
    strange[:3] *= 1e6
    strange[3] = np.inf
    strange[4] = np.nan
    for rows in (x, strange, strange[:1], series(5, channels, steps, ragged=False)):
        features = seen.transform(rows)
        assert features.shape == (len(rows), seen.width)
        counted = seen.width - 7 * channels - 1
        found = as_file(seen, rows)
        assert np.array_equal(found[:, :counted], features[:, :counted])
        assert np.allclose(found, features, rtol=1e-6, atol=1e-6)


def test_features_are_the_shares_of_steps_above_biases() -> None:
    """By the definition: correlate, compare, average; zeros beyond the ends for half of them."""
    x = series(6, 1, 40, ragged=False)
    found = kernels.fit(x, features=84 * 6, seed=0)
    features = found.transform(x, lambda: None)
    levels, _ = found.levels.of(x)
    column = 0
    for part in found.dilated:
        for kernel, triple in enumerate(kernels.TRIPLES[part.order]):
            taps = np.full(9, -1.0)
            taps[triple] = 2.0
            wide = np.zeros(8 * part.dilation + 1)
            wide[:: part.dilation] = taps
            for bias in part.biases[kernel]:
                for row in range(6):
                    padded = np.pad(levels[0, :, row], part.reach)
                    made = np.correlate(padded, wide, "valid")
                    if kernel >= 42 and part.reach * 2 < 40:
                        made = made[part.reach : -part.reach]
                    assert features[row, column] == np.float32((made > bias).mean())
                column += 1
    assert column == found.width


def test_what_follows_the_last_step_changes_nothing() -> None:
    """A series is seen alike however much room its table leaves behind it."""
    x = series(30, 2, 50, ragged=False)
    x[:, :, 30:] = np.nan
    seen = bank.fit(x, features=840, differences=True, seed=0)
    one = seen.transform(x[:1])
    assert np.array_equal(one, seen.transform(x)[:1])
    assert not np.array_equal(seen.transform(x[:1] + np.float32(1.0)), one)


def test_draws_differ_and_repeat() -> None:
    x = series(30, 3, 40)
    first, again, other = (
        bank.fit(x, features=840, differences=False, seed=seed) for seed in (0, 0, 1)
    )
    assert pack(first.state()) == pack(again.state())
    assert pack(first.state()) != pack(other.state())


@pytest.mark.parametrize("features", [12, 60])
def test_left_out_rows_are_predicted_as_if_never_seen(features: int) -> None:
    """The closed form, with more rows than features and with fewer, is leaving out by hand."""
    random = np.random.default_rng(0)
    x = random.normal(size=(30, features)).astype(np.float32)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = x[:, :1] + random.normal(size=(30, 2))
    fitted = ridge.fit(x, y, sizes=np.ones(features), check=lambda: None)

    def by_hand(row: int, strength: float) -> npt.NDArray[np.float64]:
        kept = np.arange(30) != row
        z, t = np.c_[x[kept], np.ones(29)].astype(np.float64), y[kept]
        penalty = strength * np.eye(features + 1)
        penalty[-1, -1] = 0.0
        weights = np.linalg.solve(z.T @ z + penalty, z.T @ t)
        return np.append(x[row], 1.0) @ weights

    left_out = {
        strength: np.array([by_hand(row, strength) for row in range(30)])
        for strength in ridge.STRENGTHS
    }
    best = min(left_out.values(), key=lambda scores: float(((scores - y) ** 2).mean()))
    assert np.allclose(best, fitted.left_out, atol=1e-3)


def test_levels_and_lengths_are_seen() -> None:
    """What kernels cannot see, as their weights add up to nothing."""
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 1, 30)).astype(np.float32)
    y = random.normal(size=200)
    shifted = x + 3.0 * y[:, None, None].astype(np.float32)
    params = {"features": 840, "differences": False, "draw": 0}
    given = fold(shifted, y, 1)
    assert given.score(model.fit(params, given, Watcher()).predict(given.valid.x)) < 0.2
    lengths = random.integers(10, 31, 200)
    x[np.arange(30) >= lengths[:, None, None]] = np.nan
    given = fold(x, (lengths - 20) / 6.0, 1)
    assert given.score(model.fit(params, given, Watcher()).predict(given.valid.x)) < 0.1


@pytest.mark.parametrize("outputs", [1, 2, 4])
def test_few_rows_and_missing_classes_are_no_trouble(outputs: int) -> None:
    x = series(24, 2, 15)
    y = np.arange(24) % 2 if outputs > 1 else np.linspace(-1.0, 1.0, 24)
    params = {"features": 168, "differences": True, "draw": 1}
    given = fold(x, y, outputs)
    for rows in (12, 2, 1):
        small = replace(given, train=Examples(given.train.x[:rows], given.train.y[:rows]))
        fitted = model.fit(params, small, Watcher())
        predictions = fitted.predict(x)
        assert predictions.shape == (24, outputs)
        assert np.isfinite(predictions).all()
        again = model.load(fitted.state())
        assert np.array_equal(again.predict(x), predictions)


def test_certainty_is_what_left_out_rows_allow() -> None:
    """Of noise nothing is certain, though the ridge fits its training rows well."""
    x = series(200, 1, 30, ragged=False)
    y = np.random.default_rng(3).integers(0, 2, 200)
    given = fold(x, y, 2)
    fitted = model.fit({"features": 2520, "differences": False, "draw": 0}, given, Watcher())
    chances = fitted.predict(given.valid.x)
    wrong = -np.log(chances[np.arange(100), y[100:]]).mean()
    assert wrong < 0.8
