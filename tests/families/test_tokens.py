"""Words as vectors: what nothing is, what is dropped, and the graph's look-up."""

import numpy as np
import onnxruntime
import torch

from automl.core.graph import ElementType, Graph
from automl.export.onnx import serialize
from automl.families import tokens
from automl.families.tokens import Tokens

IDS = torch.tensor([[2, 1, 3, 0], [0, 0, 0, 0], [4, 4, 0, 0]], dtype=torch.int32)


def test_nothing_is_zero_and_masked() -> None:
    torch.manual_seed(0)
    found = Tokens(5, 6)(IDS)
    assert found.shape == (3, 6, 4)
    assert tokens.mask(IDS).tolist() == [[[1, 1, 1, 0]], [[0, 0, 0, 0]], [[1, 1, 0, 0]]]
    assert not (found * (1 - tokens.mask(IDS))).any()
    assert found[0, :, :3].any(dim=0).all()


def test_dropped_words_are_unknown_and_nothing_stays_nothing() -> None:
    torch.manual_seed(0)
    layer = Tokens(5, 6, dropout=0.9999)
    unknown = layer.table.weight[1]
    assert torch.equal(layer.train()(IDS)[2, :, 0], unknown)
    assert not layer(IDS)[1].any()
    assert torch.equal(layer.eval()(IDS)[2, :, 0], layer.table.weight[4])


def test_rows_are_cut_behind_the_longest() -> None:
    assert tokens.trimmed(IDS).shape == (3, 3)
    assert tokens.trimmed(IDS[1:2], 2).shape == (1, 2)
    assert tokens.trimmed(IDS[:0]).shape == (0, 1)


def test_the_graph_looks_up_alike() -> None:
    layer = Tokens(5, 6).eval()
    graph = Graph()
    ids = graph.node("Cast", graph.input("x", "array", shape=(4,)), to=ElementType.INT32)
    graph.output("vectors", layer.emit(graph, ids))
    graph.output("mask", tokens.emit_mask(graph, ids))
    session = onnxruntime.InferenceSession(serialize(graph, metadata={}))
    vectors, masks = session.run(None, {"x": IDS.double().numpy()})
    np.testing.assert_array_equal(vectors, layer(IDS).detach().numpy())
    np.testing.assert_array_equal(masks, tokens.mask(IDS).numpy())
