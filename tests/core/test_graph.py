"""Graphs under construction: names, and constants stored once."""

import numpy as np
import pytest

from automl.core.graph import Graph


def test_equal_constants_are_stored_once() -> None:
    graph = Graph()
    assert graph.constant([1.0, 2.0]) == graph.constant(np.array([1.0, 2.0]))
    different = {
        graph.constant([1.0, 2.0]),
        graph.constant([1, 2]),
        graph.constant([[1.0, 2.0]]),
        graph.constant([1.0, 2.0], np.float32),
        graph.constant(["1.0", "2.0"]),
    }
    assert len(different) == len(graph.constants) == 5


def test_strings_are_told_apart_wherever_they_are_cut() -> None:
    graph = Graph()
    first = graph.constant(np.array(["a\0b", "c"], object))
    assert first != graph.constant(np.array(["a", "b\0c"], object))


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_constants_keep_their_shape(shape: tuple[int, ...]) -> None:
    graph = Graph()
    assert graph.constants[graph.constant(np.zeros(shape))].shape == shape


def test_columns_cannot_be_taken_for_values() -> None:
    graph = Graph()
    column = graph.input("v0", "number")
    value = graph.node("Identity", graph.input("c0", "string"))
    constant = graph.constant(1.0)
    assert len({column, value, constant, *graph.nodes[0].inputs}) == 4
    assert graph.inputs == {"v0": (np.float64, (1,)), "c0": (object, (1,))}
