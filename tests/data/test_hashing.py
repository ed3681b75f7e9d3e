"""Hashes are the same everywhere and tell contents apart."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from automl.data.hashing import hash_numbers, hash_strings, hash_text
from automl.data.sketch import DistinctSketch, RepeatSketch

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=8)


@given(TEXTS, st.integers(0, 3))
def test_a_string_hashes_alike_wherever_it_stands(texts: list[str], skip: int) -> None:
    whole = pa.array(texts, pa.string())
    alone = [hash_text(text) for text in texts[skip:]]
    assert hash_strings(whole[skip:]).tolist() == alone
    assert len(set(alone)) == len(set(texts[skip:]))


def test_long_strings_and_those_at_the_seams_differ() -> None:
    texts = ["x" * n for n in range(600)] + ["\0" * n for n in range(1, 40)]
    assert len(set(hash_strings(pa.array(texts)).tolist())) == len(texts)


def test_hashes_never_change() -> None:
    # Splits of stored studies depend on these.
    assert hash_text("") == 16294208416658607535
    assert hash_strings(pa.array(["a", "abcdefghi", "x" * 300])).tolist() == [
        6774081908283191102,
        14690935847201975099,
        1533152188014638354,
    ]


def test_equal_numbers_hash_alike() -> None:
    zero, minus, nan, other = hash_numbers(np.array([0.0, -0.0, np.nan, -np.nan])).tolist()
    assert zero == minus != nan == other


def test_distinct_is_exact_for_few_and_near_for_many() -> None:
    sketch = DistinctSketch()
    for start in range(0, 1_000_000, 50_000):
        sketch.add(hash_numbers(np.arange(start, start + 100_000)))
        if start == 0:
            assert abs(sketch.count() - 100_000) < 3_000
    assert abs(sketch.count() - 1_050_000) < 30_000
    few = DistinctSketch()
    for _ in range(3):
        few.add(hash_numbers(np.arange(10_000)))
    assert few.count() == 10_000


def test_repeats_are_exact_for_few_and_near_for_many() -> None:
    sketch = RepeatSketch()
    for _ in range(3):
        sketch.add(hash_numbers(np.arange(1_000)))
    assert (sketch.count(), sketch.exact) == (2_000, True)
    for start in range(0, 2_000_000, 250_000):
        sketch.add(hash_numbers(np.arange(10_000 + start, 10_000 + start + 500_000)))
    assert not sketch.exact
    assert abs(sketch.count() - 1_752_000) < 60_000
