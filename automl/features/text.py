"""Free text: runs of words and characters, weighed by how rare they are, in a few directions.

TF-IDF over some thousand runs is far too wide for trees and networks, so it is turned into its
main directions (latent semantic analysis: Deerwester et al., 1990; found by Halko, Martinsson and
Tropp, 2011). A tree compares, so "nearly equal" is not enough: all weights are rounded to binary
fractions so coarse that every sum of products is exact in float64, whatever its order; training
and model file are equal to the bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from automl.core.frame import Floats, Frame
from automl.core.graph import ElementType, Graph
from automl.core.learner import View
from automl.core.schema import Column
from automl.core.state import State, nest, unnest
from automl.features import grams
from automl.features.chain import Chain
from automl.features.grams import Grams

DIRECTIONS = 64
MOST = 2_000
"""Runs of words, and again of characters."""
_MORE = 8
"""Directions tried beside those that are kept."""
_ROUNDS = 2
_COUNTS = 16
_DAMPED = np.array([0.0, *np.round((1.0 + np.log(np.arange(1, _COUNTS))) * 64) / 64])
"""What a count weighs; from 15 on it is all the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """One column: ``weights`` is ``(runs, directions + 1)`` float32, the last for the length.

    A row is ``damped counts @ weights``, all but its last number divided by the root of that,
    the last replaced by its root; then centred and scaled.
    """

    column: str
    vocabularies: tuple[Grams, ...]
    weights: npt.NDArray[np.float32]
    center: Floats
    scale: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """The column's name and the direction's number."""
        directions = (f"{self.column} direction {n + 1}" for n in range(len(self.scale) - 1))
        return (*directions, f"{self.column} amount") if len(self.scale) else ()

    @property
    def codes(self) -> tuple[tuple[int, int], ...]:
        """None of these are codes."""
        return ()

    def fill(self, frame: Frame, x: npt.NDArray[np.float32]) -> None:
        """Write the directions and the amount into ``x``."""
        if not len(self.scale):
            return
        texts, places = grams.distinct(frame.strings(self.column))
        directed = _directed(_damped(self.vocabularies, texts), self.weights)
        x[:] = ((directed - self.center) / self.scale)[places]

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write the counts, their weights and the directions."""
        texts = grams.emit_lower(graph, inputs[self.column])
        parts = [vocabulary.emit(graph, texts) for vocabulary in self.vocabularies]
        counts = graph.node("Concat", *parts, axis=1)
        rows = [graph.constant([n], np.int64) for n in (0, -1, 0)]  # the last was added
        counts = graph.node("Slice", counts, *rows)
        most = graph.constant(float(_COUNTS - 1), np.float32)
        counts = graph.node("Cast", graph.node("Min", counts, most), to=ElementType.INT64)
        damped = graph.node("Gather", graph.constant(_DAMPED), counts, axis=0)
        weights = graph.node("Cast", graph.constant(self.weights), to=ElementType.DOUBLE)
        return self._emit_directed(graph, graph.node("MatMul", damped, weights))

    def _emit_directed(self, graph: Graph, sums: str) -> str:
        sizes = graph.constant([len(self.scale) - 1, 1], np.int64)
        directed, length = graph.nodes_out("Split", sums, sizes, count=2, axis=1)
        root = graph.node("Sqrt", length)
        divisor = graph.node("Max", root, graph.constant(_LEAST, np.float64))
        both = graph.node("Concat", graph.node("Div", directed, divisor), root, axis=1)
        centred = graph.node("Sub", both, graph.constant(self.center[None]))
        scaled = graph.node("Div", centred, graph.constant(self.scale[None]))
        return graph.node("Cast", scaled, to=ElementType.FLOAT)

    def state(self) -> State:
        """Return the vocabularies and weights."""
        own = State(
            {"column": self.column},
            {"weights": self.weights, "center": self.center, "scale": self.scale},
        )
        return nest(
            {"own": own} | {vocabulary.unit: vocabulary.state() for vocabulary in self.vocabularies}
        )


_LEAST = 2.0**-20
"""Instead of the length of a text without a known run."""


def fit(frame: Frame, columns: Sequence[Column], view: View) -> Chain:  # noqa: ARG001 -- both alike
    """Return the directions of every column."""
    return Chain(tuple(fit_column(frame, column.name) for column in columns))


def load(state: State) -> Chain:
    """Return the block that ``state`` describes."""
    return Chain.load(state, [_load_column] * len(state.header))


def _load_column(state: State) -> Text:
    parts = unnest(state)
    own = parts["own"]
    return Text(
        own.header["column"],
        tuple(grams.load(parts[unit]) for unit in grams.UNITS if unit in parts),
        own.arrays["weights"],
        own.arrays["center"],
        own.arrays["scale"],
    )


def fit_column(frame: Frame, column: str) -> Text:
    """Return the directions of one column's texts in ``frame``; equal texts count once."""
    texts, places = grams.distinct(frame.strings(column))
    sample = grams.sample(frame.strings(column))
    vocabularies = tuple(
        vocabulary
        for vocabulary, _ in (grams.fit(unit, sample, MOST) for unit in grams.UNITS)
        if vocabulary.width
    )
    if not vocabularies:
        nothing = np.zeros(0)
        return Text(column, (), np.zeros((0, 1), np.float32), nothing, nothing)
    damped = _damped(vocabularies, sample)
    weights = _weights(damped)
    whole = damped if len(sample) == len(texts) else _damped(vocabularies, texts)
    directed = _directed(whole, weights)[places]
    center, scale = np.zeros(weights.shape[1]), np.ones(weights.shape[1])
    scale[:-1] = np.sqrt((directed[:, :-1] ** 2).mean()) or 1.0
    center[-1], scale[-1] = directed[:, -1].mean(), directed[:, -1].std() or 1.0
    return Text(column, vocabularies, weights, center, scale)


def _damped(vocabularies: Sequence[Grams], texts: Sequence[str]) -> sparse.csr_array:
    parts = [vocabulary.count(texts) for vocabulary in vocabularies]
    counts = sparse.csr_array(sparse.hstack(parts, format="csr"))
    counts.data = _DAMPED[np.minimum(counts.data, _COUNTS - 1).astype(np.int64)]
    return counts


def _directed(damped: sparse.csr_array, weights: npt.NDArray[np.float32]) -> Floats:
    sums = np.asarray(damped @ weights.astype(np.float64))
    root = np.sqrt(sums[:, -1:])
    return np.concatenate([sums[:, :-1] / np.maximum(root, _LEAST), root], axis=1)


def _weights(damped: sparse.csr_array) -> npt.NDArray[np.float32]:
    """Return rarity times direction, and rarity squared: ``(runs, directions + 1)``."""
    documents, runs = damped.shape
    frequencies = np.bincount(damped.indices, minlength=runs)
    rarity = np.log((1 + documents) / (1 + frequencies)) + 1.0
    squares = np.round(rarity**2 * 2**16) / 2**16
    lengths = np.sqrt(damped @ squares)
    scaled = sparse.diags_array(1.0 / np.maximum(lengths, _LEAST)) @ damped
    directions = _main_directions(sparse.csr_array(scaled @ sparse.diags_array(rarity)))
    weighed = np.round(rarity[:, None] * directions * 2**18) / 2**18
    return np.concatenate([weighed, squares[:, None]], axis=1).astype(np.float32)


def _main_directions(x: sparse.csr_array) -> Floats:
    """Return the first right singular vectors: ``(columns of x, directions)``."""
    narrow = sparse.csr_array(x, dtype=np.float32)
    kept = min(DIRECTIONS, *x.shape)
    random = np.random.default_rng(0)
    tried = random.standard_normal((x.shape[1], min(kept + _MORE, *x.shape)), dtype=np.float32)
    turned = sparse.csr_array(narrow.T)
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(narrow @ tried)
        tried = turned @ basis
    basis, _ = np.linalg.qr(narrow @ tried)
    _, _, directions = np.linalg.svd((turned @ basis).T, full_matrices=False)
    return np.asarray(directions[:kept].T, np.float64)
