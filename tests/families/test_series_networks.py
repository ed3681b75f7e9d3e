"""Networks over series: nothing comes from behind a series' end, in torch and in the file."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import torch
from torch import nn

from automl import families
from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Value, defaults, serving
from automl.core.learner import Layout, NetworkFamily
from automl.export.onnx import serialize
from automl.families.inception import model as inception
from automl.families.rnn import model as rnn
from automl.families.rnn.pooling import Pooling
from tests.families.written import difference

Series = npt.NDArray[np.float32]
Case = tuple[NetworkFamily, dict[str, Value]]


def cases() -> Iterator[Case]:
    params = defaults(families.spec(FamilyName.RNN).space)
    poolings = ("attention", "last", "mean", "max")
    for cells, directions, pooling in product(("gru", "lstm"), (1, 2), poolings):
        change: dict[str, Value] = {
            "cells": cells,
            "directions": directions,
            "pooling": pooling,
            "layers": 2,
        }
        yield rnn, {**params, **change, "width": 8}
    yield inception, {**defaults(families.spec(FamilyName.INCEPTION).space), "layers": 4}


every_case = pytest.mark.parametrize("case", list(cases()), ids=lambda case: " ".join(
    str(case[1].get(name, "inception")) for name in ("cells", "directions", "pooling")
))  # fmt: skip


def series(rows: int, channels: int, steps: int) -> Series:
    """Return walks that end anywhere, some before they begin."""
    random = np.random.default_rng(steps)
    x = random.normal(size=(rows, channels, steps)).cumsum(axis=2)
    ends = random.integers(0, steps + 1, rows)
    return np.where(np.arange(steps) < ends[:, None, None], x, np.nan).astype(np.float32)


def network(case: Case, x: Series, *, outputs: int = 3) -> nn.Module:
    """Return a network that has seen ``x``, with statistics and weights as after training."""
    family, params = case
    torch.manual_seed(0)
    made = family.build(params, Layout(x[0].size, shape=x.shape[1:]), outputs)
    made.observe(torch.tensor(x), torch.zeros(len(x)))  # type: ignore[operator]
    with torch.no_grad():
        made.train()(torch.tensor(x))
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made.eval()


def answers(made: nn.Module, x: Series) -> npt.NDArray[np.float64]:
    with torch.inference_mode():
        return made(torch.tensor(x)).double().numpy()  # type: ignore[no-any-return]


def as_file(family: NetworkFamily, made: nn.Module, x: Series) -> npt.NDArray[np.float64]:
    graph = Graph()
    given = graph.input("X", "array", dtype=np.float32, shape=x.shape[1:])
    graph.output("result", family.emit(graph, given, made))
    content = serialize(graph, metadata={})
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    result: npt.NDArray[np.float64] = session.run(None, {"X": x})[0].astype(np.float64)
    return result


@every_case
@pytest.mark.parametrize(("channels", "steps"), [(1, 1), (2, 7), (3, 150)])
def test_the_file_says_the_same_of_series_of_any_length(
    case: Case, channels: int, steps: int
) -> None:
    x = series(30, channels, steps)
    made = network(case, x)
    for rows in (x, x[:1]):
        assert difference(as_file(case[0], made, rows), answers(made, rows)) <= 1e-5


@pytest.mark.parametrize("case", [case for case in cases() if case[0] is rnn][:8])
def test_nothing_comes_from_behind_a_series_end(case: Case) -> None:
    """A series in a wider table is read as in a narrow one, from both sides."""
    x = series(20, 2, 30)
    wide = np.concatenate([x, np.full((20, 2, 20), np.nan, np.float32)], axis=2)
    narrow = network(case, x)
    wider = case[0].build(case[1], Layout(100, shape=(2, 50)), 3)
    wider.load_state_dict(narrow.state_dict())
    assert np.allclose(answers(narrow, x), answers(wider.eval(), wide), atol=1e-6)


def test_the_last_state_backwards_is_that_at_the_first_step() -> None:
    x = torch.arange(24.0).reshape(1, 6, 4)
    last = Pooling("last", 4, directions=2)
    assert last(x, torch.tensor([3])).tolist() == [[8.0, 9.0, 2.0, 3.0]]


@pytest.mark.parametrize("cells", ["gru", "lstm"])
def test_texts_are_read_as_series_of_words(cells: str) -> None:
    """Also a text without a word, and one as long as any."""
    random = np.random.default_rng(0)
    ids = random.integers(1, 20, (12, 9)).astype(np.int32)
    ids[np.arange(9) >= np.arange(12)[:, None]] = 0
    space = serving(families.spec(FamilyName.RNN).space, TaskType.CLASSIFICATION, Modality.TEXT)
    params = {**defaults(space), "cells": cells, "width": 8, "word_width": 9}
    torch.manual_seed(0)
    made = rnn.build(params, Layout(9, vocabulary=20), 3).eval()
    graph = Graph()
    given = graph.node("Cast", graph.input("x", "array", shape=(9,)), to=ElementType.INT32)
    graph.output("result", rnn.emit(graph, given, made))
    session = onnxruntime.InferenceSession(serialize(graph, metadata={}))
    with torch.inference_mode():
        wanted = made(torch.tensor(ids)).numpy()
        short = made(torch.tensor(ids[:4, :3])).numpy()
    assert difference(session.run(None, {"x": ids.astype(np.float64)})[0], wanted) <= 1e-5
    assert np.allclose(short, wanted[:4], atol=1e-6)
