"""What a study may vary, by its spec and its table."""

from dataclasses import replace

import pytest

from automl import families
from automl.core.catalog import FamilyName, MetricName, Modality
from automl.core.hyperparameter import Trait, Value, defaults
from automl.core.study import StudySpec
from automl.search.portfolio import portfolio
from automl.search.spaces import planned, space
from tests.search.test_ask import PLAN, REPLAY


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (FamilyName.MLP, "one_hot"),
        (FamilyName.RESNET, "one_hot"),
        (FamilyName.LIGHTGBM, "codes"),
    ],
)
def test_without_categories_how_to_take_them_is_settled(name: FamilyName, value: str) -> None:
    none = frozenset({Trait.NO_CATEGORIES})
    (dimension,) = (i for i in space(REPLAY, name, traits=none) if i.name == "categories")
    assert (dimension.choices, dimension.default) == ((value,), value)
    (dimension,) = (i for i in space(REPLAY, name) if i.name == "categories")
    assert len(dimension.choices or ()) == 2


@pytest.mark.parametrize("name", [FamilyName.LIGHTGBM, FamilyName.CATBOOST])
def test_without_two_numbers_there_are_no_pairs(name: FamilyName) -> None:
    choices = {
        count: next(
            item.choices
            for item in planned(REPLAY, replace(PLAN, pairable=count), name)
            if item.name == "pairs"
        )
        for count in (0, 1, 2)
    }
    assert choices == {0: (False,), 1: (False,), 2: (False, True)}


@pytest.mark.parametrize(
    ("shape", "choices"), [((8, 8), (0.0,)), ((8, 8, 1), (0.0,)), ((8, 8, 3), None)], ids=str
)
def test_how_far_colours_change_is_a_question_where_there_are_any(
    shape: tuple[int, ...], choices: tuple[float, ...] | None
) -> None:
    plan = replace(PLAN, modality=Modality.IMAGE, shape=shape)
    (colour,) = (i for i in planned(REPLAY, plan, FamilyName.CNN) if i.name == "colour")
    assert (colour.choices, colour.high) == (choices, None if choices else 0.5)


@pytest.mark.parametrize(("shape", "choices"), [((28, 28), 1), ((32, 31, 3), 1), ((32, 32), 4)])
def test_only_large_images_may_be_small_at_first(shape: tuple[int, ...], choices: int) -> None:
    plan = replace(PLAN, modality=Modality.IMAGE, shape=shape)
    (side,) = (i for i in planned(REPLAY, plan, FamilyName.RESNET) if i.name == "resolution")
    assert len(side.choices or ()) == choices


@pytest.mark.parametrize(
    ("words", "units", "parts"),
    [(15.0, ("words", "characters"), (1,)), (300.0, ("words",), (1, 2, 3, 8))],
    ids=str,
)
def test_short_texts_may_be_read_as_characters_and_long_ones_in_parts(
    words: float, units: tuple[str, ...], parts: tuple[int, ...]
) -> None:
    plan = replace(PLAN, modality=Modality.TEXT, words=words)
    for family in families.specs():
        if Modality.TEXT in family.modalities and families.scheduled(family.name):
            found = {item.name: item for item in planned(REPLAY, plan, family.name)}
            assert found["unit"].choices == units, family.name
            assert found["parts"].choices == parts, family.name
            assert found["parts"].default == (1 if len(parts) == 1 else 3)


def test_every_network_over_series_may_see_their_rows_changed() -> None:
    plan = replace(PLAN, modality=Modality.SERIES, shape=(2, 50))
    for family in families.specs():
        if Modality.SERIES in family.modalities and families.scheduled(family.name):
            names = {item.name for item in planned(REPLAY, plan, family.name)}
            assert {"warp", "jitter", "noise", "shift", "cutout", "mixing"} <= names, family.name


def test_a_spec_that_says_how_is_obeyed() -> None:
    spec = replace(REPLAY, search_space={"lightgbm": {"categories": ["native"]}})
    (dimension,) = (
        item
        for item in space(spec, FamilyName.LIGHTGBM, traits=frozenset({Trait.NO_CATEGORIES}))
        if item.name == "categories"
    )
    assert dimension.choices == ("native",)


def test_the_portfolio_settles_it_too() -> None:
    boosted = [c for c in portfolio(REPLAY, PLAN) if c.family is FamilyName.LIGHTGBM]
    assert {c.params["categories"] for c in boosted} == {"codes"}
    assert all("cat_smooth" not in c.params for c in boosted)
    mixed = portfolio(REPLAY, replace(PLAN, categories=1))
    assert "native" in {c.params.get("categories") for c in mixed}


def test_classes_are_not_weighed_where_chances_are_judged_unless_that_is_asked_for() -> None:
    def choices(metric: MetricName, spec: StudySpec = REPLAY) -> set[object]:
        plan = replace(PLAN, metric=metric)
        spaces = [planned(spec, plan, name) for name in (FamilyName.DECISION_TREE, FamilyName.MLP)]
        return {item.choices for each in spaces for item in each if item.name == "class_weight"}

    for metric in (MetricName.LOG_LOSS, MetricName.ROC_AUC):
        assert choices(metric) == {("none",)}
    for metric in (MetricName.BALANCED_ACCURACY, MetricName.F1_MACRO):
        assert choices(metric) == {("none", "balanced")}
    named = {"decision_tree": {"class_weight": ["none", "balanced"]}}
    asked = replace(REPLAY, search_space=named)
    assert choices(MetricName.LOG_LOSS, asked) == {("none",), ("none", "balanced")}


@pytest.mark.parametrize("name", [FamilyName.EXTRA_TREES, FamilyName.RANDOM_FOREST])
def test_who_says_how_many_rows_leaves_need_has_them_so(name: FamilyName) -> None:
    def chosen(restriction: dict[str, object]) -> dict[str, Value]:
        asked = replace(REPLAY, search_space={name.value: restriction})
        return defaults(space(asked, name))

    assert chosen({})["leaf_rows"] == "chosen"
    assert chosen({"trees": 30})["leaf_rows"] == "chosen"
    assert chosen({"min_samples_leaf": 5})["leaf_rows"] == "least"
    assert chosen({"min_samples_leaf": {"low": 2, "high": 9}})["leaf_rows"] == "least"
    named = chosen({"min_samples_leaf": 5, "leaf_rows": "chosen"})
    assert (named["leaf_rows"], named["min_samples_leaf"]) == ("chosen", 5)
