"""A user's corrections."""

from dataclasses import replace
from pathlib import Path

import pytest

from automl.core.catalog import ColumnKind
from automl.core.errors import InvalidSpec
from automl.core.schema import Column
from automl.core.study import ColumnOverride
from automl.data import override
from tests.data.files import take


@pytest.fixture
def columns(tmp_path: Path) -> tuple[Column, ...]:
    text = "".join(f"{n % 9},{n},{'ab'[n % 2]},{n % 2},{'x' if n else '7'}\n" for n in range(40))
    return take(tmp_path, "zip,row_id,word,flag,mostly\n" + text)[0].columns


def test_nothing_to_correct(columns: tuple[Column, ...]) -> None:
    assert override.apply(columns, {}) == columns


def test_a_number_becomes_a_category(columns: tuple[Column, ...]) -> None:
    found = override.apply(columns, {"zip": ColumnOverride(ColumnKind.CATEGORICAL)})[0]
    assert (found.kind, found.cells) == (ColumnKind.CATEGORICAL, "string")


@pytest.mark.parametrize("name", ["row_id", "mostly"])
def test_what_holds_numbers_can_be_numeric(name: str, columns: tuple[Column, ...]) -> None:
    corrected = override.apply(columns, {name: ColumnOverride(ColumnKind.NUMERIC)})
    found = next(column for column in corrected if column.name == name)
    assert (found.kind, found.cells) == (ColumnKind.NUMERIC, "number")


def test_a_flag_stays_a_number_as_a_boolean(columns: tuple[Column, ...]) -> None:
    found = override.apply(columns, {"flag": ColumnOverride(ColumnKind.BOOLEAN)})[3]
    assert found == columns[3]


def test_a_count_since_1970_can_be_a_date() -> None:
    seconds = Column(
        "at", ColumnKind.NUMERIC, "number", 0, 2, 1.6e9, 1.7e9, (("1600000000", 1),), integral=True
    )
    as_date = {"at": ColumnOverride(ColumnKind.DATETIME)}
    found = override.apply([seconds, replace(seconds, name="ms", max=1.7e12)], as_date)[0]
    assert (found.cells, found.date) == ("string", "epoch_seconds")
    milliseconds = override.apply([replace(seconds, max=1.7e12)], as_date)[0]
    assert milliseconds.date == "epoch_milliseconds"


def test_a_column_left_out_is_gone(columns: tuple[Column, ...]) -> None:
    names = [column.name for column in override.apply(columns, {"zip": ColumnOverride(use=False)})]
    assert names == ["row_id", "word", "flag", "mostly"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("nope", ColumnKind.NUMERIC),
        ("word", ColumnKind.NUMERIC),
        ("zip", ColumnKind.BOOLEAN),
        ("zip", ColumnKind.CONSTANT),
        ("word", ColumnKind.DATETIME),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    name: str, kind: ColumnKind, columns: tuple[Column, ...]
) -> None:
    with pytest.raises(InvalidSpec, match=name) as caught:
        override.apply(columns, {name: ColumnOverride(kind)})
    assert [error.field for error in caught.value.errors] == [f"columns.{name}"]
