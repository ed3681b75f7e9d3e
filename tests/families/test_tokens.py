"""Words as vectors: what nothing is, what is dropped, and the graph's look-up."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from automl import families
from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Params, defaults, serving
from automl.core.learner import Layout
from automl.export.onnx import serialize
from automl.families import tokens
from automl.families.tokens import Tokens
from tests.families.written import difference

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


READERS: list[tuple[FamilyName, Params]] = [
    (FamilyName.EMBEDDING_BAG, {"runs": 3, "buckets": 1_000}),
    *((FamilyName.TEXT_CNN, {"windows": windows}) for windows in ("3 4 5", "1 2 3")),
    (FamilyName.TRANSFORMER, {"width": 8}),
    *((FamilyName.RNN, {"pooling": how}) for how in ("attention", "last", "mean", "max")),
    (FamilyName.RNN, {"cells": "lstm", "layers": 2, "directions": 1, "pooling": "last"}),
]


@pytest.mark.parametrize("width", [1, 2, 9])
@pytest.mark.parametrize(("name", "change"), READERS, ids=str)
def test_a_program_of_few_columns_says_what_all_of_them_would(
    name: FamilyName, change: Params, width: int
) -> None:
    """Where all texts are short the encoder gives a network's program fewer columns."""
    family, random = families.model(name), np.random.default_rng(0)
    assert families.is_network(family)
    ids = random.integers(1, 20, (12, 9)).astype(np.int32)
    ids[np.arange(9) >= np.minimum(np.arange(12), width)[:, None]] = 0
    space = serving(families.spec(name).space, TaskType.CLASSIFICATION, Modality.TEXT)
    torch.manual_seed(0)
    made = family.build({**defaults(space), **change}, Layout(9, vocabulary=20), 3).eval()
    with torch.inference_mode():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for layer in made.modules():
            if isinstance(layer, nn.Embedding | nn.EmbeddingBag):
                layer.weight[0] = 0.0  # of nothing, which nothing moves
        wanted = made(torch.tensor(ids)).numpy()
    graph = Graph()
    whole = graph.node("Cast", graph.input("x", "array", shape=(9,)), to=ElementType.INT32)
    bounds = (graph.constant([bound], "int64") for bound in (0, width, 1))
    graph.output("result", family.emit(graph, graph.node("Slice", whole, *bounds), made))
    session = onnxruntime.InferenceSession(serialize(graph, metadata={}))
    assert difference(session.run(None, {"x": ids.astype(np.float64)})[0], wanted) <= 1e-5
