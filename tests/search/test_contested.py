"""Tables of few different rows: each row is judged by what has seen such rows too."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl.core.catalog import TaskType
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from automl.store import codec
from tests import tables

ROWS = 400


@pytest.fixture
def rows(tmp_path: Path) -> tuple[Prepared, Prepared]:
    """Return 400 rows of three answers each, split as today and as a study of before."""
    draw = np.random.default_rng(0)
    answers = draw.integers(0, 2, (ROWS, 3))
    says = draw.random(ROWS) < 0.2 + 0.6 * answers[:, 0]
    words = np.array(["no", "yes"])[answers]
    lines = [[*row, str(y)] for row, y in zip(words, says, strict=True)]
    path = tables.write(tmp_path / "data.csv", ["a", "b", "c", "y"], lines)
    dataset, table = tables.dataset(path, tmp_path / "data.parquet")
    spec = StudySpec(dataset.id, TaskSpec(TaskType.CLASSIFICATION, "y"), Budget(trials=1))
    plan = make_plan(spec, dataset, table)
    written = codec.plan_to_json(plan)
    del written["contested"]
    before = codec.plan_from_json(written)
    return prepare(plan, spec, dataset, table), prepare(before, spec, dataset, table)


def agreement(prepared: Prepared) -> float:
    """Return how often a row's class is what most equal rows of its training part have."""
    columns = [prepared.frame.strings(name).cells() for name in prepared.frame.columns]
    cells = list(zip(*columns, strict=True))
    right = 0
    for train, valid in prepared.folds:
        seen = Counter((cells[row], prepared.y[row]) for row in train)
        right += sum(
            seen[cells[row], prepared.y[row]] > seen[cells[row], 1 - prepared.y[row]]
            for row in valid
        )
    return right / len(prepared.y)


def test_a_table_of_few_answers_is_judged_by_rows_that_answer_alike(
    rows: tuple[Prepared, Prepared],
) -> None:
    today, _ = rows
    assert agreement(today) > 0.7


def test_the_folds_of_a_study_of_before_stay_as_they_were(rows: tuple[Prepared, Prepared]) -> None:
    today, before = rows
    assert agreement(before) < 0.3, "what was judged was not seen: of no use, but begun with"
    assert replace(today.plan, contested=False) == before.plan
