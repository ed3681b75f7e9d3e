"""Folds that train on other values and another row or two, and yet alike."""

from dataclasses import replace

import pytest

from automl.core.catalog import FamilyName, TaskType
from automl.core.learner import Fold
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.core.trial import Candidate
from automl.search.plan import make_plan
from automl.search.portfolio import portfolio
from automl.search.prepare import WHOLE, Prepared, prepare
from automl.store import codec
from automl.training import run as runs
from tests import tables

ROWS = 404


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Return folds some of which train on a value five times, and others less often or never."""
    folder = tmp_path_factory.mktemp("data")
    words = [f"v{n // 5}" if n < 60 else f"often {n % 3}" for n in range(ROWS)]
    numbers = ["" if n == 7 else f"{n * 0.37 % 5:.3f}" for n in range(ROWS)]
    lines = [[words[n], numbers[n], f"class {n % 2}"] for n in range(ROWS)]
    path = tables.write(folder / "data.csv", ["word", "number", "y"], lines)
    dataset, table = tables.dataset(path, folder / "data.parquet")
    task = TaskSpec(TaskType.CLASSIFICATION, "y")
    spec = StudySpec(dataset.id, task, Budget(trials=1), families=(FamilyName.MLP,))
    return prepare(make_plan(spec, dataset, table), spec, dataset, table)


def seen(prepared: Prepared, candidate: Candidate) -> list[Fold]:
    return [
        prepared.fold(index, candidate, seed=0, threads=1, device="cpu")
        for index in range(len(prepared.folds))
    ]


def test_folds_have_one_layout_and_equally_many_steps(prepared: Prepared) -> None:
    given = portfolio(prepared.spec, prepared.plan)[0]
    candidate = Candidate(given.family, {**given.params, "categories": "one_hot", "batch_size": 7})
    folds = seen(prepared, candidate)
    assert len({len(fold.train.y) for fold in folds}) > 1
    assert len({fold.layout for fold in folds}) == 1
    (steps,) = {runs.steps(runs.read(candidate.params, fold), fold.rows) for fold in folds}
    assert steps == round(min(len(fold.train.y) for fold in folds) / 7)
    assert {fold.train.x.shape[1] for fold in folds} == {folds[0].layout.width}
    whole = prepared.fold(WHOLE, candidate, seed=0, threads=1, device="cpu")
    assert (whole.layout, whole.rows) == (folds[0].layout, ROWS)


def test_folds_of_a_study_of_before_are_as_they_were(prepared: Prepared) -> None:
    given = portfolio(prepared.spec, prepared.plan)[0]
    candidate = Candidate(given.family, {**given.params, "categories": "one_hot"})
    written = codec.plan_to_json(prepared.plan)
    del written["alike"]
    before = replace(prepared, plan=codec.plan_from_json(written), _cache={}, _fitted={})
    folds = seen(before, candidate)
    assert len({fold.layout.width for fold in folds}) > 1
    assert [fold.rows for fold in folds] == [len(fold.train.y) for fold in folds]


def test_folds_of_uneven_numbers_of_rows_count_their_own(prepared: Prepared) -> None:
    given = portfolio(prepared.spec, prepared.plan)[0]
    first, *others = prepared.folds
    uneven = replace(prepared, folds=((first[0][20:], first[1]), *others), _cache={}, _fitted={})
    for fold in seen(uneven, given):
        assert fold.rows == len(fold.train.y)
