"""Which rows belong together, on the way from a table to what divides a fold's training rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl.core.catalog import FamilyName, TaskType, ValidationStrategy
from automl.core.study import Budget, Plan, StudySpec, TaskSpec, Validation
from automl.core.trial import Candidate
from automl.search.plan import make_plan
from automl.search.portfolio import portfolio
from automl.search.prepare import WHOLE, Prepared, prepare
from automl.store import codec
from tests import tables

AUTO, GROUP, TIME = ValidationStrategy.AUTO, ValidationStrategy.GROUP, ValidationStrategy.TIME
ROWS, PEOPLE = 240, 30


def before(plan: Plan) -> Plan:
    """Return the plan of a study that was begun before there were kin."""
    written = codec.plan_to_json(plan)
    del written["kin"]
    return codec.plan_from_json(written)


def prepared(
    folder: Path,
    strategy: ValidationStrategy,
    column: str | None,
    copies: int = 1,
    old: bool = False,
) -> Prepared:
    """Return rows whose text names their person, and whose target is the person's."""
    random = np.random.default_rng(0)
    own = random.normal(size=PEOPLE)
    words = np.array([head + tail for head in "bdfgkl" for tail in ("ab", "eck", "olm", "ust")])
    lines = [
        [
            f"p{n % PEOPLE}",
            str(n),
            f"q{n % PEOPLE}q {' '.join(random.choice(words, 6))}",
            f"{y:.4f}",
        ]
        for n, y in enumerate(own[np.arange(ROWS) % PEOPLE] + 0.01 * random.normal(size=ROWS))
    ]
    names = ("person", "when", "text", "y")
    shown = (
        lines if copies == 1 else [line for line in lines[: ROWS // copies] for _ in range(copies)]
    )
    path = tables.write(folder / "data.csv", names, random.permutation(np.array(shown)).tolist())
    dataset, table = tables.dataset(path, folder / "data.parquet")
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.REGRESSION, "y"),
        Budget(trials=2),
        validation=Validation(strategy, column, 0.0),
        families=(FamilyName.EXTRA_TREES,),
    )
    plan = make_plan(spec, dataset, table)
    return prepare(before(plan) if old else plan, spec, dataset, table)


def candidate(prepared: Prepared) -> Candidate:
    return portfolio(prepared.spec, prepared.plan)[0]


def lean(prepared: Prepared) -> float:
    """Return how well training rows' leans tell the target."""
    encoded = prepared.encoded(0, candidate(prepared))
    place = encoded.encoder.names.index("text lean 1")
    return float(np.corrcoef(encoded.train.x[:, place], encoded.train.y)[0, 1])


def test_a_fold_knows_the_groups_of_its_training_rows(tmp_path: Path) -> None:
    study = prepared(tmp_path, GROUP, "person")
    assert study.kin is not None
    for index, (train, valid) in ((0, study.folds[0]), (WHOLE, (np.arange(ROWS), np.arange(0)))):
        fold = study.fold(index, candidate(study), seed=0, threads=1, device="cpu")
        assert fold.kin is not None
        assert fold.kin.numbers.tolist() == study.kin.numbers[train].tolist()
        assert len(fold.kin.numbers) == len(fold.train.y)
        assert not set(fold.kin.numbers) & set(study.kin.numbers[valid])
    for number in range(PEOPLE):
        assert np.ptp(study.y[study.kin.numbers == number]) < 0.1


def test_texts_of_training_do_not_know_their_group(tmp_path: Path) -> None:
    assert lean(prepared(tmp_path, GROUP, "person")) < 0.2


def test_a_fold_knows_the_order_of_its_training_rows_in_time(tmp_path: Path) -> None:
    study = prepared(tmp_path, TIME, "when")
    assert study.kin is not None
    assert sorted(study.kin.numbers) == list(range(ROWS))
    train, valid = study.folds[1]
    assert study.kin.numbers[train].max() < study.kin.numbers[valid].min()
    fold = study.fold(1, candidate(study), seed=0, threads=1, device="cpu")
    assert fold.kin is not None
    assert fold.kin.bond == "moment"
    assert sorted(fold.kin.numbers) == list(range(len(train)))


def test_copies_are_kin_and_other_rows_need_none(tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    (tmp_path / "none").mkdir()
    study = prepared(tmp_path / "copies", AUTO, None, copies=3)
    assert study.kin is not None
    assert np.bincount(study.kin.numbers).tolist() == [3] * (ROWS // 3)
    texts = study.frame.strings("text").codes
    assert len(set(zip(study.kin.numbers.tolist(), texts.tolist(), strict=True))) == ROWS // 3
    assert prepared(tmp_path / "none", AUTO, None).kin is None


@pytest.mark.parametrize(("strategy", "column"), [(GROUP, "person"), (TIME, "when")])
def test_what_was_begun_before_ends_as_it_was_begun(
    tmp_path: Path, strategy: ValidationStrategy, column: str
) -> None:
    study = prepared(tmp_path, strategy, column, old=True)
    assert study.kin is None
    assert replace(study.plan, kin=True) != study.plan
    assert study.fold(0, candidate(study), seed=0, threads=1, device="cpu").kin is None
    if strategy is GROUP:
        assert lean(study) > 0.4, "what was learned of the group told the trees too much"
