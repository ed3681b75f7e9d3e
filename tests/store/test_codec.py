"""Every value that becomes a document comes back equal."""

import types
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from automl.core.catalog import FamilyName, MetricName, TaskType
from automl.core.model import Estimate, Member, ModelCard
from automl.core.schema import Column, DataWarning
from automl.core.study import Budget, ColumnOverride, Plan, StudySpec, TaskSpec
from automl.store import codec
from automl.store.tables import Document

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
TEXT = st.text(st.characters(), max_size=8)
"""Any code points a program can hold, NUL and lone surrogates too."""

_SPACE = st.none() | st.dictionaries(TEXT, st.dictionaries(TEXT, JSON_VALUES, max_size=2))
_LABELS = st.one_of(
    st.lists(TEXT, max_size=3).map(tuple), st.lists(st.integers(), max_size=3).map(tuple)
)
_METRICS = st.dictionaries(st.sampled_from(MetricName), st.builds(Estimate), max_size=3)
_MEMBERS = st.lists(st.from_type(Member), min_size=1, max_size=3).map(tuple)
_OVERRIDES = st.dictionaries(TEXT, st.from_type(ColumnOverride), max_size=2)


def through(data: Any) -> Any:
    text = Document().process_bind_param(data, sqlite.dialect())
    assert text is not None
    assert text.isascii()
    assert "\0" not in text
    return Document().process_result_value(text, sqlite.dialect())


def assert_same(got: object, given: object) -> None:
    """By their representation, where NaN equals NaN."""
    assert repr(got) == repr(given)


@settings(max_examples=50)
@given(st.builds(StudySpec, name=TEXT, columns=_OVERRIDES, search_space=_SPACE))
def test_specs(spec: StudySpec) -> None:
    assert_same(codec.spec_from_json(through(codec.spec_to_json(spec))), spec)


@settings(max_examples=50)
@given(st.builds(Plan, classes=_LABELS))
def test_plans(plan: Plan) -> None:
    assert_same(codec.plan_from_json(through(codec.plan_to_json(plan))), plan)


@settings(max_examples=50)
@given(st.builds(ModelCard, classes=_LABELS, metrics=_METRICS))
def test_cards(card: ModelCard) -> None:
    assert_same(codec.card_from_json(through(codec.card_to_json(card))), card)


@settings(max_examples=50)
@given(st.builds(ModelCard, classes=_LABELS, metrics=_METRICS, members=_MEMBERS))
def test_a_card_of_an_earlier_version_does_not_say_how_many_fits_a_member_has(
    card: ModelCard,
) -> None:
    data = through(codec.card_to_json(card))
    for member in data["members"]:
        del member["fits"]
    unsaid = tuple(replace(member, fits=None) for member in card.members)
    assert_same(codec.card_from_json(data), replace(card, members=unsaid))


@settings(max_examples=50)
@given(st.lists(st.from_type(Column), max_size=3), st.lists(st.from_type(DataWarning), max_size=3))
def test_columns_and_warnings(columns: list[Column], warnings: list[DataWarning]) -> None:
    assert_same(codec.columns_from_json(through(codec.columns_to_json(columns))), tuple(columns))
    assert_same(
        codec.warnings_from_json(through(codec.warnings_to_json(warnings))), tuple(warnings)
    )


def test_a_spec_takes_the_budget_as_it_stands() -> None:
    spec = StudySpec("ds_1", TaskSpec(TaskType.REGRESSION, "y"), Budget(60))
    data = through(codec.spec_to_json(spec))
    assert codec.spec_from_json(data) == spec
    assert codec.spec_from_json(data, Budget(1.0, 2)).budget == Budget(1.0, 2)


@pytest.mark.parametrize("wrap", [dict, types.MappingProxyType])
def test_any_mapping_is_taken(wrap: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
    spec = StudySpec(
        dataset_id="ds_1",
        task=TaskSpec(TaskType.REGRESSION, "y"),
        budget=Budget(60),
        columns=wrap({"a": ColumnOverride(use=False)}),
        families=(FamilyName.MLP,),
        search_space=wrap({"mlp": wrap({"layers": [2, 3]})}),
    )
    got = codec.spec_from_json(through(codec.spec_to_json(spec)))
    assert got.search_space == {"mlp": {"layers": [2, 3]}}
    assert got.columns == {"a": ColumnOverride(use=False)}
