"""Rows that several processes hold once: the same rows, and the same results."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import sparse

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.frame import Arrays, Frame, Strings
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.core.trial import Candidate
from automl.search import holding
from automl.search.evaluate import Evaluation, evaluate
from automl.search.holding import held, held_frame, own, private
from automl.search.plan import make_plan
from automl.search.portfolio import portfolio
from automl.search.prepare import Prepared, prepare
from tests import arrays
from tests.search import studies
from tests.training.folds import Watcher

FAMILIES = (
    FamilyName.MLP,
    FamilyName.LINEAR,
    FamilyName.LIGHTGBM,
    FamilyName.CATBOOST,
    FamilyName.EXTRA_TREES,
)


class Files:
    """Holds arrays in files of a folder, and knows what it was given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.given: list[npt.NDArray[Any]] = []
        self.held: list[np.memmap[Any, Any]] = []

    def hold(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        path = self._folder / f"{len(self.held)}.array"
        path.write_bytes(array.tobytes())
        self.given.append(array.copy())
        self.held.append(np.memmap(path, array.dtype, mode="c", shape=array.shape))
        return self.held[-1]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setattr(holding, "HELD_BYTES", 1)
    return Files(tmp_path)


def images(folder: Path, files: Files | None = None) -> Prepared:
    x, y = arrays.digits(240)
    dataset, table = arrays.dataset(folder / "digits.parquet", x, y, modality=Modality.IMAGE)
    task = TaskSpec(TaskType.CLASSIFICATION, "")
    spec = StudySpec(dataset.id, task, Budget(trials=1), families=(FamilyName.CNN,))
    plan = make_plan(spec, dataset, table)
    return prepare(plan, spec, dataset, table, hold=files.hold if files else own)


def trained(prepared: Prepared, family: FamilyName, **changes: int) -> Evaluation:
    usual = next(c for c in portfolio(prepared.spec, prepared.plan) if c.family is family)
    known = {name: value for name, value in changes.items() if name in usual.params}
    return evaluate(prepared, Candidate(family, {**usual.params, **known}), Watcher())


def equal(one: Evaluation, other: Evaluation) -> None:
    assert one.value == other.value
    assert one.out_of_fold.tobytes() == other.out_of_fold.tobytes()
    assert one.fitted.arrays.keys() == other.fitted.arrays.keys()
    for name, array in one.fitted.arrays.items():
        assert array.tobytes() == other.fitted.arrays[name].tobytes(), name


@pytest.mark.parametrize("family", FAMILIES)
def test_a_table_that_is_held_trains_to_the_same_bytes(
    family: FamilyName, files: Files, tmp_path: Path
) -> None:
    prepared = studies.mixed(tmp_path, *FAMILIES)
    shared = replace(
        prepared, frame=held_frame(prepared.frame, files.hold), hold=files.hold, _cache={}
    )
    few = {"epochs": 5, "max_rounds": 20, "trees": 10}
    equal(trained(shared, family, **few), trained(prepared, family, **few))
    untouched(files)


def test_images_that_are_held_train_to_the_same_bytes_where_they_lie(
    files: Files, tmp_path: Path
) -> None:
    shared = images(tmp_path, files)
    small = {"epochs": 5, "width": 8, "layers": 1}
    alone = images(tmp_path)
    equal(trained(shared, FamilyName.CNN, **small), trained(alone, FamilyName.CNN, **small))
    assert len(files.held) == 1 + 2 * len(shared.folds)  # the frame, and both sides of each fold
    untouched(files)


def untouched(files: Files) -> None:
    assert files.held
    for given, array in zip(files.given, files.held, strict=True):
        assert array.tobytes() == given.tobytes()


def test_a_frame_that_is_held_is_the_same_frame(files: Files) -> None:
    random = np.random.default_rng(0)
    frame = Frame(
        {
            "a": random.normal(size=5),
            "b": Strings(np.array([0, 1, -1, 1, 0], np.int32), ("x", "y")),
            "c": random.normal(size=5),
            "d": Arrays(random.integers(0, 255, (5, 2, 2), np.uint8)),
        },
        5,
    )
    found = held_frame(frame, files.hold)
    assert len(files.held) == 3  # arrays, numbers, codes
    assert list(found.columns) == list(frame.columns)
    np.testing.assert_array_equal(found.numbers("a"), frame.numbers("a"), strict=True)
    np.testing.assert_array_equal(found.numbers("c"), frame.numbers("c"), strict=True)
    np.testing.assert_array_equal(found.strings("b").codes, frame.strings("b").codes, strict=True)
    np.testing.assert_array_equal(found.arrays("d").values, frame.arrays("d").values, strict=True)


def test_small_arrays_and_those_of_nobody_else_stay_where_they_are(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "HELD_BYTES", 1000)
    small = np.zeros((10, 2), np.float32)
    assert held(small, files.hold) is small
    assert private(small) == small.nbytes
    frame = Frame({"a": np.zeros(10_000)}, 10_000)
    assert held_frame(frame, own) is frame
    assert not files.held


def test_runs_of_words_are_held_in_their_parts(files: Files) -> None:
    x = sparse.random_array((40, 60), density=0.1, format="csr", dtype=np.float32, rng=0)
    found = held(x, files.hold)
    assert len(files.held) == 3
    np.testing.assert_array_equal(found.toarray(), x.toarray(), strict=True)


def test_folds_that_are_held_are_not_let_go_of_between_trials(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl.search.prepare.KEPT_BYTES", 0)
    prepared = studies.mixed(tmp_path, FamilyName.LINEAR)
    candidate = portfolio(prepared.spec, prepared.plan)[0]
    shared = replace(prepared, hold=files.hold, _cache={})
    for each, kept in ((prepared, False), (shared, True)):
        first = each.encoded(0, candidate)
        each.lighten()
        assert (each.encoded(0, candidate) is first) is kept
