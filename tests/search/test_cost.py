"""What is foreseen before anything is timed, and how measurements correct it."""

from dataclasses import replace

import pytest

from automl.core.catalog import FamilyName, Modality
from automl.core.study import Budget
from automl.search import cost
from tests.search.test_ask import PLAN

LINEAR, LIGHTGBM, MLP = FamilyName.LINEAR, FamilyName.LIGHTGBM, FamilyName.MLP


@pytest.mark.parametrize("name", FamilyName)
def test_more_rows_columns_folds_and_classes_never_cost_less(name: FamilyName) -> None:
    base = cost.seconds(PLAN, name)
    assert base > 0
    assert cost.seconds(replace(PLAN, rows=100_000), name) > base
    assert cost.seconds(replace(PLAN, features=("x",) * 50), name) > base
    assert cost.seconds(replace(PLAN, folds=8), name) > base
    assert cost.seconds(replace(PLAN, texts=1), name) > base
    assert cost.seconds(replace(PLAN, classes=tuple(range(9))), name) > base


def test_characters_cost_networks_more_than_words() -> None:
    texts = replace(PLAN, modality=Modality.TEXT, words=2.0, texts=1, rare=0.1)
    names = replace(texts, rare=0.9)  # of which networks read characters
    for family in (FamilyName.TEXT_CNN, FamilyName.RNN):
        assert cost.seconds(names, family) == cost.seconds(replace(texts, words=12.0), family)
    for family in (LINEAR, FamilyName.EMBEDDING_BAG):
        assert cost.seconds(names, family) == cost.seconds(texts, family)


def test_thousands_of_columns_cost_boosted_trees_more_than_their_cells() -> None:
    tall = replace(PLAN, rows=100_000, features=("x",) * 20)
    wide = replace(PLAN, rows=400, features=("x",) * 5_000)
    assert wide.rows * len(wide.features) == tall.rows * len(tall.features)
    assert cost.seconds(wide, LIGHTGBM) > 2 * cost.seconds(tall, LIGHTGBM)


def test_what_was_measured_stands_and_corrects_the_rest() -> None:
    slow = 4 * cost.seconds(PLAN, LINEAR)
    found = cost.expected(PLAN, {LINEAR: slow})
    assert found[LINEAR] == slow
    assert found[MLP] == pytest.approx(4 * cost.seconds(PLAN, MLP))
    assert cost.expected(PLAN, {})[MLP] == cost.seconds(PLAN, MLP)


def test_a_budget_buys_trials_by_what_they_cost() -> None:
    few, many = (cost.trials(PLAN, Budget(seconds=s)) for s in (60.0, 6000.0))
    assert few is not None
    assert many is not None
    assert 1 <= few < many
    assert cost.trials(PLAN, Budget(trials=7)) == 7
    assert cost.trials(PLAN, Budget(seconds=6000.0, trials=2)) == 2
    large = replace(PLAN, rows=10_000_000)
    assert cost.trials(large, Budget(seconds=10.0)) == 1
