"""Studies of arrays divided by a column beside them, and judged on arrays of another length."""

from pathlib import Path

import numpy as np
import pytest

from automl.core.catalog import TaskType, ValidationStrategy
from automl.core.errors import InvalidSpec
from automl.core.schema import Dataset
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.search.plan import make_plan
from automl.search.prepare import prepare
from tests.tables import dataset

HEAD = "series_id,step,value,kind,person,part\n"


def series(folder: Path, name: str, *, steps: int, seed: int = 0) -> tuple[Dataset, Path]:
    rng = np.random.default_rng(seed)
    lines = [
        f"{n},{step},{rng.normal():.3f},{n % 2},p{n // 4},{'test' if n >= 60 else 'train'}"
        for n in range(80)
        for step in range(steps)
    ]
    path = folder / f"{name}.csv"
    path.write_text(HEAD + "\n".join(lines) + "\n")
    return dataset(path, folder / f"{name}.parquet", id=f"ds_{name}")


def test_groups_stay_together_and_the_official_part_apart(tmp_path: Path) -> None:
    data, table = series(tmp_path, "train", steps=5)
    spec = StudySpec(
        dataset_id=data.id,
        task=TaskSpec(TaskType.CLASSIFICATION, "kind"),
        budget=Budget(trials=1),
        validation=Validation(strategy=ValidationStrategy.GROUP, column="person"),
    )
    plan = make_plan(spec, data, table)
    assert (plan.rows, plan.official_rows, plan.features) == (60, 20, ("X",))
    prepared = prepare(plan, spec, data, table)
    assert len(prepared.y) == 60
    assert prepared.test is not None
    assert len(prepared.test[1]) == 20
    people = np.arange(60) // 4
    for train, valid in prepared.folds:
        assert not set(people[train]) & set(people[valid])


@pytest.mark.parametrize(("steps", "word"), [(3, "filled up"), (9, "cut")])
def test_test_series_of_another_length(steps: int, word: str, tmp_path: Path) -> None:
    data, table = series(tmp_path, "train", steps=5)
    other = series(tmp_path, "other", steps=steps, seed=1)
    spec = StudySpec(
        dataset_id=data.id,
        task=TaskSpec(TaskType.CLASSIFICATION, "kind"),
        budget=Budget(trials=1),
        test_dataset_id=other[0].id,
    )
    plan = make_plan(spec, data, table, other)
    told = dict(plan.warnings)
    assert word in told["TEST_SERIES_FITTED"]
    prepared = prepare(plan, spec, data, table, other)
    assert prepared.test is not None
    values = prepared.test[0].arrays("X").values
    assert values.shape == (80, 1, 5)
    assert np.isnan(values[0, 0]).sum() == max(0, 5 - steps)


def test_other_channels_are_refused(tmp_path: Path) -> None:
    data, table = series(tmp_path, "train", steps=5)
    path = tmp_path / "pairs.csv"
    lines = [f"{n},{step},{n + step},{n - step},{n % 2},p,train" for n in range(9)
             for step in range(5)]  # fmt: skip
    path.write_text("series_id,step,value,value2,kind,person,part\n" + "\n".join(lines))
    other = dataset(path, tmp_path / "pairs.parquet", id="ds_pairs")
    spec = StudySpec(
        dataset_id=data.id,
        task=TaskSpec(TaskType.CLASSIFICATION, "kind"),
        budget=Budget(trials=1),
        test_dataset_id=other[0].id,
    )
    with pytest.raises(InvalidSpec, match=r"shape \[2, 5\], these \[1, 5\]"):
        make_plan(spec, data, table, other)
