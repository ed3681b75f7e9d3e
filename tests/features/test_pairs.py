"""Pairs of numbers: which are chosen, that chance chooses none, and that the graph equals them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl import features
from automl.core.catalog import ColumnKind
from automl.core.frame import Frame
from automl.core.learner import View
from automl.core.schema import Column
from automl.export import parity
from automl.features import additive, pairs
from automl.features.base import Encoder
from automl.features.outputs import Target
from tests.features.frames import EXTREMES, frame, strings, table
from tests.features.test_encoder import assert_same

OPERATIONS = {"+": np.add, "−": np.subtract, "×": np.multiply, "÷": np.divide}


def numbers(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, ColumnKind.NUMERIC, "number", 0, unique=1_000) for name in names)


def drawn(rows: int = 2_000, seed: int = 0) -> Frame:
    random = np.random.default_rng(seed)
    return frame(**{name: random.lognormal(size=rows) for name in ("a", "b", "c", "d")})


def chosen(rows: Frame, y: Target) -> tuple[str, ...]:
    return pairs.fit(rows, numbers(*rows.columns), y).names


def paired(rows: Frame, columns: tuple[Column, ...], y: Target) -> Encoder:
    return features.fit(rows, columns, View.ORDINAL, target=y, paired=True)


@pytest.mark.parametrize("sign", OPERATIONS)
def test_what_the_target_is_made_of_is_found_first(sign: str) -> None:
    rows = drawn()
    y = OPERATIONS[sign](rows.numbers("a"), rows.numbers("b"))
    assert set(chosen(rows, np.log1p(np.abs(y)) * np.sign(y))[0].split(f" {sign} ")) == {"a", "b"}


def test_it_is_found_of_classes_too() -> None:
    rows = drawn()
    ratio = rows.numbers("c") / rows.numbers("d")
    for cuts in ([1.0], [0.5, 1.0, 2.0]):
        best = chosen(rows, np.digitize(ratio, cuts))[0]
        assert {"c", "d"} <= set(best.split())


@pytest.mark.parametrize("seed", range(3))
def test_of_noise_hardly_any_pair_tells(seed: int) -> None:
    random = np.random.default_rng(seed + 10)
    rows = drawn(seed=seed)
    assert len(chosen(rows, random.normal(size=rows.rows))) <= 2
    assert len(chosen(rows, random.integers(0, 3, rows.rows))) <= 2


def test_at_most_ten_and_two_of_the_same_columns() -> None:
    random = np.random.default_rng(3)
    rows = frame(**{f"x{i}": random.lognormal(size=1_000) for i in range(15)})
    y = np.sin(np.prod([rows.numbers(f"x{i}") for i in range(6)], axis=0))
    y += sum(rows.numbers(f"x{i}") * rows.numbers(f"x{i + 1}") for i in range(14))
    found = [frozenset((name.split()[0], name.split()[2])) for name in chosen(rows, y)]
    assert 0 < len(found) <= pairs.MOST
    assert max(found.count(pair) for pair in found) <= 2


def test_numbers_of_few_values_and_words_are_not_paired() -> None:
    rows = frame(
        a=np.arange(100.0),
        b=np.arange(100.0)[::-1] % 7,
        word=strings([f"w{i}" for i in range(100)]),
    )
    few = Column("b", ColumnKind.NUMERIC, "number", 0, unique=7)
    word = Column("word", ColumnKind.CATEGORICAL, "string", 0, unique=100)
    columns = (*numbers("a"), few, word)
    assert pairs.fit(rows, columns, rows.numbers("a") * rows.numbers("b")).names == ()


@pytest.mark.parametrize("seed", range(3))
def test_the_graph_is_exactly_equal(seed: int) -> None:
    rows, columns = table(seed)
    columns = tuple(Column(c.name, c.kind, c.cells, 0, unique=100, date=c.date) for c in columns)
    mixed = rows.numbers("age") * np.nan_to_num(rows.numbers("v0")) + rows.numbers("zeros")
    encoder = paired(rows, columns, mixed)
    assert any("v0" in name and "age" in name for name in encoder.names)
    for case in (rows, parity.inject(rows, seed), table(seed + 100)[0], rows.take(np.array([3]))):
        assert_same(encoder, case)


cells = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from(EXTREMES)


@settings(max_examples=40)
@given(later=st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_any_floats_are_paired_alike(later: list[tuple[float, float]]) -> None:
    a, b = np.array(later).T
    other = frame(a=a, b=b, c=b, d=a)
    x = EVERY.transform(other)
    assert not np.isinf(x).any()
    assert_same(EVERY, other)


@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_what_is_infinite_is_missing_in_pairs_too(infinite: float) -> None:
    cells = np.array([[1.0, infinite, 3.0], [infinite, infinite, 2.0]])
    missing = np.where(np.isinf(cells), np.nan, cells)
    given, known = (frame(a=a, b=b, c=b, d=a) for a, b in (cells, missing))
    np.testing.assert_array_equal(EVERY.transform(given), EVERY.transform(known))
    assert_same(EVERY, given)


def _every() -> Encoder:
    """Return an encoder in which all four operations are."""
    rows = drawn(600)
    a, b, c, d = (rows.numbers(name) for name in "abcd")
    encoder = paired(rows, numbers(*"abcd"), np.log(a * b) * np.log(c / d) + (a + c) * (b - d))
    assert {name.split()[1] for name in encoder.names if " " in name} == set(OPERATIONS)
    return encoder


EVERY = _every()


@pytest.mark.parametrize("rows", [1, 2, 25])
def test_few_rows_and_equal_ones_are_no_trouble(rows: int) -> None:
    for some in (drawn(rows), drawn(1).take(np.zeros(rows, np.intp))):
        targets: list[Target] = [np.arange(float(rows)), np.zeros(rows)]
        for y in (*targets, np.arange(rows, dtype=np.int64) % 2):
            encoder = paired(some, numbers(*"abcd"), y)
            assert_same(encoder, some)


def test_missing_columns_are_no_trouble() -> None:
    rows = drawn(300)
    nothing = Frame({**rows.columns, "a": np.full(300, np.nan), "b": np.full(300, np.inf)}, 300)
    encoder = paired(nothing, numbers(*"abcd"), rows.numbers("c") * rows.numbers("d"))
    assert_same(encoder, nothing)
    assert_same(encoder, rows)


def test_names_that_read_alike_are_one_pair() -> None:
    random = np.random.default_rng(0)
    rows = frame(**{name: random.lognormal(size=500) for name in ("a", "b × c", "a × b", "c")})
    y = np.prod([cells for cells in rows.columns.values() if isinstance(cells, np.ndarray)], axis=0)
    names = chosen(rows, y)
    assert len(names) == len(set(names))


def test_what_is_explained_by_chance_is_nothing() -> None:
    random = np.random.default_rng(0)
    rest = random.normal(size=(1_000, 1))
    rest -= rest.mean()
    shares = [
        additive.explained(additive.bins(random.normal(size=1_000)), rest) for _ in range(200)
    ]
    assert abs(np.mean(shares)) < 0.002
    assert np.mean(np.array(shares) > additive.by_chance(1_000)) < 0.02
    told = additive.explained(additive.bins(rest[:, 0]), rest)
    assert told > 0.95
