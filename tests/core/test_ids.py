from hypothesis import given
from hypothesis import strategies as st

from automl.core.ids import looks_like_id, new_id

moments = st.floats(min_value=0, max_value=4e9)


@given(moments, moments)
def test_ids_sort_by_creation(one: float, other: float) -> None:
    if int(one * 1e6) != int(other * 1e6):
        assert (new_id("ds", one) < new_id("ds", other)) == (one < other)


@given(moments)
def test_ids_differ_and_look_like_ids(moment: float) -> None:
    first, second = new_id("mdl", moment), new_id("mdl", moment)
    assert first != second
    assert looks_like_id(first)


@given(st.text())
def test_nothing_unprintable_looks_like_an_id(text: str) -> None:
    assert not looks_like_id(text + "\0")
    assert not looks_like_id("ds_" + text + "é")
