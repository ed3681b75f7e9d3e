"""The linear family on free text: sparse rows in, a program that lists runs out."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy import sparse

from automl import features
from automl.core.catalog import ColumnKind, TaskType
from automl.core.frame import Floats, Frame
from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Examples, Fold, View
from automl.export.onnx import serialize
from automl.export.scoring import Session
from automl.families.linear import model, problem
from automl.families.linear.loss import loss_of
from automl.features import Encoder
from tests.families.watcher import Watcher
from tests.features.frames import column, frame, strings

TOPICS = ("river bank water", "stock market price", "goal match team")
FILLERS = ("the", "a", "of", "it", "was", "and", "very", "said")


def texts(rows: int, outputs: int) -> tuple[Frame, npt.NDArray[np.float64]]:
    """Return sentences with one word that tells their topic, and which that is."""
    random = np.random.default_rng(0)
    topics = random.integers(max(outputs, 2), size=rows)
    cells = []
    for topic in topics:
        words = [*random.choice(FILLERS, 6), random.choice(TOPICS[topic].split())]
        cells.append(" ".join(map(str, random.permutation(words))))
    return frame(t=strings(cells), n=random.normal(size=rows)), topics.astype(np.float64)


def encoded(outputs: int) -> tuple[Encoder, Frame, Fold]:
    rows, y = texts(300, outputs)
    schema = [
        column("t", ColumnKind.TEXT, rows.columns["t"]),
        column("n", ColumnKind.NUMERIC, rows.columns["n"]),
    ]
    encoder = features.fit(rows.take(np.arange(200)), schema, View.SPARSE, outputs=outputs)
    x, targets = encoder.transform(rows), y - y.mean() if outputs == 1 else y.astype(np.int64)

    def score(predictions: Floats) -> float:
        return float(predictions.mean())

    return encoder, rows, Fold(
        train=Examples(x[:200], targets[:200]),
        valid=Examples(x[200:], targets[200:]),
        task=TaskType.REGRESSION if outputs == 1 else TaskType.CLASSIFICATION,
        outputs=outputs,
        layout=encoder.layout,
        score=score,
        maximize=False,
        seed=0,
        threads=1,
        device="cpu",
    )  # fmt: skip


@pytest.mark.parametrize("penalty", ["l2", "l1"])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_it_reads_and_its_program_reads_alike(penalty: str, outputs: int) -> None:
    encoder, rows, fold = encoded(outputs)
    assert sparse.issparse(fold.train.x)
    fitted = model.fit({"penalty": penalty, "strength": "path"}, fold, Watcher())
    predicted = fitted.predict(fold.valid.x)
    if outputs == 1:
        assert np.mean((predicted[:, 0] - fold.valid.y) ** 2) < 0.1 * fold.valid.y.var()
    else:
        assert (predicted.argmax(axis=1) == fold.valid.y).mean() > 0.95

    graph = Graph()
    named = {"t": graph.input("t", "string"), "n": graph.input("n", "number")}
    raw = graph.node("Cast", fitted.emit(graph, encoder.emit(graph, named)), to=ElementType.DOUBLE)
    graph.output("prediction", graph.node("Reshape", raw, graph.constant([-1], np.int64)))
    fed = {"t": rows.strings("t").cells()[:, None], "n": rows.numbers("n")[:, None]}
    scored = Session(serialize(graph, metadata={})).score(fed).predictions
    wanted = fitted.predict(encoder.transform(rows))
    np.testing.assert_allclose(scored.reshape(wanted.shape), wanted, atol=1e-6)


def test_sparse_rows_give_what_dense_ones_give() -> None:
    _, _, fold = encoded(2)
    whole = replace(
        fold,
        train=Examples(fold.train.x.toarray(), fold.train.y),
        valid=Examples(fold.valid.x.toarray(), fold.valid.y),
    )
    params: Params = {"penalty": "l2", "strength": "fixed", "c": 1.0}
    found = [model.fit(params, one, Watcher()).predict(fold.valid.x) for one in (fold, whole)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_many_columns_have_a_diagonal_bound() -> None:
    x = sparse.random_array((30, problem._GRAM_FEATURES + 1), density=0.01, format="csr", rng=0)
    rows = problem.rows_of(Examples(x.astype(np.float32), np.zeros(30)))
    assert problem.bound_of(rows, loss_of(TaskType.REGRESSION, 1)).ndim == 1


@pytest.mark.parametrize("outputs", [2, 3])
def test_emphasis_lets_the_telling_words_weigh_more(outputs: int) -> None:
    encoder, rows, fold = encoded(outputs)
    params: Params = {"penalty": "l2", "strength": "fixed", "c": 1.0}
    plain, told = (
        model.fit({**params, "emphasis": emphasis}, fold, Watcher())
        for emphasis in ("none", "naive_bayes")
    )
    names = encoder.names
    share = []
    for fitted in (plain, told):
        sizes = dict(zip(names, np.abs(fitted.weights[:-1]).sum(axis=1), strict=True))
        share.append(sizes["t: river"] / (sizes["t: river"] + sizes["t: the"]))
    assert share[1] > share[0]
    predicted = told.predict(fold.valid.x)
    assert (predicted.argmax(axis=1) == fold.valid.y).mean() > 0.95

    graph = Graph()
    named = {"t": graph.input("t", "string"), "n": graph.input("n", "number")}
    raw = graph.node("Cast", told.emit(graph, encoder.emit(graph, named)), to=ElementType.DOUBLE)
    graph.output("prediction", graph.node("Reshape", raw, graph.constant([-1], np.int64)))
    fed = {"t": rows.strings("t").cells()[:, None], "n": rows.numbers("n")[:, None]}
    scored = Session(serialize(graph, metadata={})).score(fed).predictions
    wanted = told.predict(encoder.transform(rows))
    np.testing.assert_allclose(scored.reshape(wanted.shape), wanted, atol=1e-6)


@pytest.mark.parametrize("trouble", ["one class", "nothing known"])
def test_emphasis_bears_what_tells_nothing(trouble: str) -> None:
    _, _, fold = encoded(2)
    train = fold.train
    if trouble == "one class":
        train = Examples(train.x, np.zeros_like(train.y))
    else:
        train = Examples(train.x * 0.0, train.y)
    params: Params = {"penalty": "l2", "strength": "path", "emphasis": "naive_bayes"}
    fitted = model.fit(params, replace(fold, train=train), Watcher())
    assert np.isfinite(fitted.predict(fold.valid.x)).all()
