"""Which way free text leans, on its way from a table to a candidate and its file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl.core.catalog import ColumnKind, FamilyName, TaskType, TrialState
from automl.core.study import Budget, StudySpec, TaskSpec, Validation
from automl.core.trial import Candidate, Trial
from automl.finish import Entry, finish
from automl.search.evaluate import evaluate
from automl.search.plan import make_plan
from automl.search.portfolio import portfolio
from automl.search.prepare import Prepared, prepare
from tests import tables
from tests.training.folds import Watcher

WORDS = [head + tail for head in "bdfgklmnprst" for tail in ("ab", "eck", "olm", "ust", "ip")]
LIKED = set(WORDS[:12])


def made(folder: Path, *, telling: bool, rows: int = 400) -> Prepared:
    """Return rows of a text and a number; the target, if it is any, is what the text says."""
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, 8)) for _ in range(rows)]
    liked = np.array([len(LIKED & set(text.split())) for text in texts], np.float64)
    y = liked if telling else random.permutation(liked)
    x = random.normal(size=rows)
    lines = [
        [text, f"{number:.6f}", f"{value + 0.1 * number:.6f}"]
        for text, number, value in zip(texts, x, y, strict=True)
    ]
    path = tables.write(folder / "data.csv", ("text", "number", "y"), lines)
    dataset, table = tables.dataset(path, folder / "data.parquet")
    assert dataset.column("text").kind is ColumnKind.TEXT  # type: ignore[union-attr]
    spec = StudySpec(
        dataset.id,
        TaskSpec(TaskType.REGRESSION, "y"),
        Budget(trials=4),
        families=(FamilyName.LIGHTGBM,),
        validation=Validation(test_fraction=0.0),
    )
    plan = replace(make_plan(spec, dataset, table), folds=2)
    return prepare(plan, spec, dataset, table)


def candidate(prepared: Prepared) -> Candidate:
    usual = portfolio(prepared.spec, prepared.plan)[0]
    return Candidate(usual.family, {**usual.params, "max_rounds": 40})


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return made(tmp_path_factory.mktemp("told"), telling=True)


def test_a_tree_learns_what_texts_say_and_its_file_says_the_same(told: Prepared) -> None:
    given = candidate(told)
    result = evaluate(told, given, Watcher())
    assert result.value < 0.8 * told.plan.baseline
    trial = Trial("st_test", 0, TrialState.COMPLETE, given, result.value, parameters=1)
    finished = finish(told, [Entry(trial, lambda: result.out_of_fold, lambda: result.fitted)])
    assert finished.card.parity <= 1e-5
    assert not finished.card.excluded


def test_rows_of_training_are_told_by_the_others(told: Prepared) -> None:
    encoded = told.encoded(0, candidate(told))
    place = encoded.encoder.names.index("text lean 1")
    train = told.frame.take(told.folds[0][0])
    own = encoded.encoder.transform(train)
    others = [other for other in range(encoded.encoder.width) if other != place]
    np.testing.assert_array_equal(encoded.train.x[:, others], own[:, others])
    clear, crossed = (
        np.corrcoef(x[:, place], encoded.train.y)[0, 1] for x in (own, encoded.train.x)
    )
    assert clear > crossed + 0.02


def test_validation_rows_tell_nothing(told: Prepared) -> None:
    other = told.y.copy()
    other[told.folds[0][1]] += 1e3
    turned = replace(told, y=other, _cache={}, _fitted={})
    before, after = (some.encoded(0, candidate(told)) for some in (told, turned))
    np.testing.assert_array_equal(before.train.x, after.train.x)
    np.testing.assert_array_equal(before.valid.x, after.valid.x)


def test_chance_is_not_predictable(tmp_path: Path) -> None:
    prepared = made(tmp_path, telling=False)
    result = evaluate(prepared, candidate(prepared), Watcher())
    assert result.value > 0.97 * prepared.plan.baseline
