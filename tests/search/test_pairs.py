"""Pairs of numbers on their way from a candidate to its file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl.core.catalog import FamilyName, TaskType, TrialState
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.core.trial import Candidate, Trial
from automl.finish import Entry, finish
from automl.search.evaluate import evaluate
from automl.search.plan import make_plan
from automl.search.portfolio import portfolio
from automl.search.prepare import Prepared, prepare
from tests import tables
from tests.training.folds import Watcher

BOTH = (FamilyName.LIGHTGBM, FamilyName.CATBOOST)
NAMES = ("left", "right", "other", "y")


def made(folder: Path, *, classes: int, rows: int = 400, telling: bool = True) -> Prepared:
    """Return rows whose target, if it is any, is the difference of two columns."""
    random = np.random.default_rng(0)
    cells = random.normal(size=(rows, 3)).round(6)
    signal = cells[:, 0] - cells[:, 1] if telling else random.normal(size=rows)
    edges = np.quantile(signal, np.linspace(0, 1, max(classes, 1) + 1)[1:-1])
    shown = [f"class {place}" for place in np.digitize(signal, edges)] if classes else signal
    lines = [[*map(str, row), str(y)] for row, y in zip(cells, shown, strict=True)]
    path = tables.write(folder / "data.csv", NAMES, lines)
    dataset, table = tables.dataset(path, folder / "data.parquet")
    task = TaskSpec(TaskType.CLASSIFICATION if classes else TaskType.REGRESSION, "y")
    spec = StudySpec(
        dataset.id, task, Budget(trials=4), families=BOTH, validation=Validation(test_fraction=0.0)
    )
    plan = replace(make_plan(spec, dataset, table), folds=2)
    return prepare(plan, spec, dataset, table)


def candidate(prepared: Prepared, family: FamilyName, *, pairs: bool) -> Candidate:
    usual = next(c for c in portfolio(prepared.spec, prepared.plan) if c.family is family)
    return Candidate(family, {**usual.params, "pairs": pairs, "max_rounds": 25})


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("family", BOTH)
def test_they_help_and_their_file_says_the_same(
    tmp_path: Path, family: FamilyName, classes: int
) -> None:
    prepared = made(tmp_path, classes=classes)
    given = candidate(prepared, family, pairs=True)
    result = evaluate(prepared, given, Watcher())
    without = evaluate(prepared, candidate(prepared, family, pairs=False), Watcher())
    better = result.value < without.value
    assert better if prepared.plan.metric.value in ("rmse", "log_loss") else not better
    trial = Trial("st_test", 0, TrialState.COMPLETE, given, result.value, parameters=1)
    finished = finish(prepared, [Entry(trial, lambda: result.out_of_fold, lambda: result.fitted)])
    assert finished.card.parity <= 1e-5
    assert not finished.card.excluded
    assert [item.name for item in finished.card.inputs] == ["left", "right", "other"]


def test_validation_rows_choose_none(tmp_path: Path) -> None:
    prepared = made(tmp_path, classes=0)
    given = candidate(prepared, FamilyName.LIGHTGBM, pairs=True)
    valid = prepared.folds[0][1]
    other = prepared.y.copy()
    other[valid] = 1e6 * prepared.frame.numbers("other")[valid] ** 2
    turned = replace(prepared, y=other, _cache={}, _fitted={})
    before, after = (some.encoded(0, given) for some in (prepared, turned))
    assert before.encoder.names == after.encoder.names
    np.testing.assert_array_equal(before.train.x, after.train.x)
    np.testing.assert_array_equal(before.valid.x, after.valid.x)


def test_chance_is_not_predictable(tmp_path: Path) -> None:
    prepared = made(tmp_path, classes=0, telling=False)
    result = evaluate(prepared, candidate(prepared, FamilyName.LIGHTGBM, pairs=True), Watcher())
    assert result.value > 0.97 * prepared.plan.baseline


def test_candidates_with_and_without_see_different_rows(tmp_path: Path) -> None:
    prepared = made(tmp_path, classes=2)
    seen = [
        prepared.encoded(0, candidate(prepared, FamilyName.CATBOOST, pairs=pairs))
        for pairs in (False, True, False)
    ]
    assert seen[0] is seen[2]
    assert seen[0].encoder.width == 3
    assert "left − right" in seen[1].encoder.names[3:]
    np.testing.assert_array_equal(seen[0].train.x, seen[1].train.x[:, :3])
