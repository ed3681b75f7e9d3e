from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from automl.core.catalog import TaskType, TrialFailure
from automl.core.errors import TrialError
from automl.core.learner import Layout
from automl.training import run
from automl.training.losses import Loss
from automl.training.recipe import Recipe
from tests.training.folds import RECIPE, classification

ROWS = (10, 3_000, 5_000, 20_000, 10**6)


def read(
    changes: Mapping[str, Any] | None = None,
    *,
    rows: int = 100,
    task: TaskType = TaskType.REGRESSION,
) -> Recipe:
    return Recipe.read({**RECIPE, **(changes or {})}, task, rows)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", -1.0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("learning_rate", "fast"),
        ("learning_rate", True),
        ("optimizer", "adagrad"),
        ("schedule", "up"),
        ("batch_size", 0),
        ("batch_size", None),
        ("epochs", 0),
        ("patience", 0),
        ("clip", -1.0),
        ("momentum", 1.0),
        ("warmup", 1.0),
        ("l1", -1e-9),
        ("l2", float("nan")),
        ("loss", "cross_entropy"),
        ("loss", "hinge"),
    ],
)
def test_impossible_numbers_are_named(name: str, value: object) -> None:
    with pytest.raises(TrialError, match=rf"{name} is .*; it must be") as caught:
        read({name: value})
    assert caught.value.failure is TrialFailure.INVALID_CANDIDATE


@pytest.mark.parametrize("name", ["optimizer", "learning_rate", "schedule", "epochs", "batch_size"])
def test_a_candidate_says_all_that_is_always_active(name: str) -> None:
    params = {key: value for key, value in RECIPE.items() if key != name}
    with pytest.raises(TrialError, match=f"{name} is None"):
        Recipe.read(params, TaskType.REGRESSION, 100)


def test_what_is_inactive_is_off() -> None:
    recipe = read()
    assert (recipe.momentum, recipe.nesterov, recipe.warmup) == (0.0, False, 0.0)
    assert (recipe.l1, recipe.l2) == (0.0, 0.0)


def test_the_task_decides_on_the_loss() -> None:
    assert read({"loss": "mae"}, task=TaskType.CLASSIFICATION).loss is Loss.CROSS_ENTROPY
    assert read({"loss": "mae"}).loss is Loss.MAE
    assert read().loss is Loss.MSE


def test_automatic_batches_grow_with_the_rows() -> None:
    sizes = [read({"batch_size": "auto"}, rows=rows).batch_size for rows in ROWS]
    assert sizes == sorted(set(sizes))
    assert read({"batch_size": 48}).batch_size == 48


def test_automatic_batches_of_large_arrays_are_small() -> None:
    sizes = [
        Recipe.read(
            {**RECIPE, "batch_size": "auto"}, TaskType.REGRESSION, 100_000, places=places
        ).batch_size
        for places in (28**2, 32**2, 96**2, 224**2, 128**3)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[:2] == [512, 512]
    assert 16 == sizes[-1] <= sizes[-2] < 32


def test_automatic_batches_of_long_texts_are_small() -> None:
    fold = classification(rows=40)
    many = replace(fold, train=replace(fold.train, x=np.broadcast_to(np.int32(2), (100_000, 1))))
    sizes = [
        run.read({**RECIPE, "batch_size": "auto"}, replace(many, layout=layout)).batch_size
        for layout in (Layout(400), *(Layout(tokens, vocabulary=9) for tokens in (20, 100, 400)))
    ]
    assert sizes[:3] == [512, 512, 512]
    assert 100 < sizes[3] < 200
