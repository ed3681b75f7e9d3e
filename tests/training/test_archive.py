import numpy as np
import pytest

from automl.core.errors import ArtifactCorrupt
from automl.core.state import State
from automl.training.archive import pack, unpack

ARRAYS = {
    "bool": np.array([True, False]),
    "uint8": np.arange(3, dtype=np.uint8),
    "uint32": np.arange(4, dtype=np.uint32),
    "int64": np.array(5),
    "float16": np.ones(2, dtype=np.float16),
    "float32": np.array([np.nan, np.inf, -0.0], dtype=np.float32),
    "float64": np.zeros((0, 3)),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "foreign": np.arange(3, dtype=">f4"),
    "read-only": np.broadcast_to(np.float32(2), (2, 2)),
}


def test_a_state_comes_back_as_it_was() -> None:
    header = {"classes": ["a", "é"], "nested": {"none": None, "real": 0.1}, "empty": {}}
    state = unpack(pack(State(header, ARRAYS)))
    assert state.header == header
    assert state.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert state.arrays[name].shape == array.shape
        assert state.arrays[name].dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(state.arrays[name], array)


def test_nothing_at_all_comes_back_too() -> None:
    state = unpack(pack(State()))
    assert (state.header, state.arrays) == ({}, {})


def test_equal_states_are_equal_bytes_in_whatever_order_they_were_put_together() -> None:
    backwards = dict(reversed(list(ARRAYS.items())))
    assert pack(State({"a": 1, "b": 2}, ARRAYS)) == pack(State({"b": 2, "a": 1}, backwards))


def test_different_states_are_different_bytes() -> None:
    assert pack(State({"a": 1})) != pack(State({"a": 2}))
    assert pack(State({}, {"a": np.zeros(2)})) != pack(State({}, {"a": np.zeros((2, 1))}))


@pytest.mark.parametrize("header", [{"x": float("nan")}, {"x": float("inf")}])
def test_a_header_that_json_cannot_say_is_refused(header: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack(State(header))


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.array([1j])])
def test_only_numbers_are_taken(array: np.ndarray) -> None:
    with pytest.raises(TypeError, match="'odd'"):
        pack(State({}, {"odd": array}))


def test_damaged_bytes_are_refused() -> None:
    content = pack(State({"a": 1}, ARRAYS))
    damaged = [b"", b"x" * 100, content[:60], content[:-1], b"\0" * 8 + b"{}"]
    for case in damaged:
        with pytest.raises(ArtifactCorrupt, match="not a packed state"):
            unpack(case)


def test_foreign_safetensors_are_refused() -> None:
    import safetensors.numpy

    for metadata in (None, {"header": "not json"}, {"other": "{}"}):
        with pytest.raises(ArtifactCorrupt):
            unpack(safetensors.numpy.save({"a": np.zeros(2)}, metadata=metadata))
