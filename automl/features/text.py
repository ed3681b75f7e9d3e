"""Free text: runs of words and characters, weighed by how rare they are, in a few directions.

TF-IDF over some thousand runs is far too wide for trees and networks, so it is turned into its
main directions (latent semantic analysis: Deerwester et al., 1990; found by Halko, Martinsson and
Tropp, 2011) and those in which texts lean to the target (`lean.py`). A tree compares, so "nearly
equal" is not enough: all weights are rounded to binary fractions so coarse that every sum of
products is exact in float64, whatever its order; training and model file are equal to the bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from automl.core.frame import Floats, Frame
from automl.core.graph import ElementType, Graph
from automl.core.kin import Kin
from automl.core.learner import View
from automl.core.schema import Column
from automl.features import grams, units
from automl.features.chain import Chain
from automl.features.grams import Grams
from automl.features.lean import PARTS, Lean, Told, learn
from automl.features.outputs import Target, outputs
from automl.features.units import Unit

UNITS: tuple[Unit, ...] = ("words", "characters")
DIRECTIONS = 16
"""With 64 trees and networks were worse on three texts, whether the target hangs on the sentiment,
on spam or on the topic, but for one case of 0.3 % (`docs/history/text.md`)."""
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
    """One column: ``weights`` is ``(runs, directions + leans + 1)`` float32, the last for length.

    A row is ``damped counts @ weights``, all but its last number divided by the root of that,
    the last replaced by its root; then centred and scaled. ``crossed``, ``(rows, leans)``, is what
    the rows that it was fitted on lean by what the others say; it is not kept.
    """

    column: str
    vocabularies: tuple[Grams, ...]
    weights: npt.NDArray[np.float32]
    center: Floats
    scale: Floats
    leans: int = 0
    crossed: Floats | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The column's name and the direction's number."""
        if not len(self.scale):
            return ()
        directions = (f"direction {n + 1}" for n in range(len(self.scale) - 1 - self.leans))
        leans = (f"lean {n + 1}" for n in range(self.leans))
        return tuple(f"{self.column} {part}" for part in (*directions, *leans, "amount"))

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

    def cross(self, x: npt.NDArray[np.float32]) -> None:
        """Write into ``x`` which way the rows lean that this was fitted on."""
        if self.crossed is not None:
            own = slice(-1 - self.leans, -1)
            x[:, own] = (self.crossed - self.center[own]) / self.scale[own]

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write the counts, their weights and the directions."""
        texts = units.emit_lower(graph, inputs[self.column])
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


_LEAST = 2.0**-20
"""Instead of the length of a text without a known run."""


def fit(
    frame: Frame,
    columns: Sequence[Column],
    view: View,  # noqa: ARG001 -- both alike
    room: Frame,  # noqa: ARG001 -- as many whatever the rows
    target: Target | None = None,
    *,
    kin: Kin | None = None,
) -> Chain:
    """Return the directions of every column, with a ``target`` also which way its texts lean.

    Rows of training do not lean by what their ``kin`` say.
    """
    y = None if target is None else outputs(target)
    if kin is not None and kin.bond == "copy":
        kin = None  # of one text, which is on one side anyway
    return Chain(tuple(fit_column(frame, column.name, y, kin) for column in columns))


def fit_column(frame: Frame, column: str, y: Floats | None = None, kin: Kin | None = None) -> Text:
    """Return the directions of one column's texts in ``frame``; equal texts count once.

    With ``y``, ``(rows, outputs)``, also which way they lean, the rows by what no ``kin`` say.
    """
    texts, places = grams.distinct(frame.strings(column))
    chosen = np.array(grams.sampled(texts), np.intp)
    sample = [texts[place] for place in chosen]
    vocabularies = tuple(
        vocabulary
        for vocabulary, _ in (grams.fit(unit, sample, MOST) for unit in UNITS)
        if vocabulary.width
    )
    if not vocabularies:
        return Text(column, (), np.zeros((0, 1), np.float32), np.zeros(0), np.zeros(0))
    damped = _damped(vocabularies, sample)
    rarity = _rarity(damped)
    found = _of_length_one(damped, rarity)
    whole = damped if len(sample) == len(texts) else _damped(vocabularies, texts)
    lean = None
    if y is not None:
        shown = found if kin is None else _of_length_one(whole, rarity)
        lean = _lean(shown, chosen, places, y, kin)
    weights = _weights(rarity, [_main_directions(found), *([lean.weights] if lean else [])])
    leans = lean.weights.shape[1] if lean else 0
    directed = _directed(whole, weights)[places]
    if lean:
        told = np.isin(places, chosen) | (kin is not None)  # other texts alone taught nothing
        directed[told, -1 - leans : -1] = lean.crossed
    return Text(
        column,
        vocabularies,
        weights,
        *_sizes(directed, leans),
        leans,
        directed[:, -1 - leans : -1].copy() if lean else None,
    )


def _lean(
    texts: sparse.csr_array,
    chosen: npt.NDArray[np.intp],
    places: npt.NDArray[np.intp],
    y: Floats,
    kin: Kin | None,
) -> Lean:
    """Return which way runs lean, learned from the chosen texts.

    Rows with one of these are told by other texts. Where there are ``kin``, all rows are told by
    other groups, or by what came before; ``texts`` are then all that there are, else the chosen.
    """
    known = np.isin(places, chosen)
    if kin is not None:
        part = kin.deal(PARTS, y[:, 0])
        return learn(Told(texts, places, y, known), part, by_past=kin.bond == "moment")
    place = np.searchsorted(chosen, places[known])
    part = place % (PARTS if len(chosen) >= PARTS else 1)
    return learn(Told(texts, place, y[known], known[known]), part)


def _sizes(directed: Floats, leans: int) -> tuple[Floats, Floats]:
    """Return the center and the scale of each number; directions keep their sizes to each other."""
    center, scale = np.zeros(directed.shape[1]), np.ones(directed.shape[1])
    directions = directed.shape[1] - 1 - leans
    scale[:directions] = np.sqrt((directed[:, :directions] ** 2).mean()) or 1.0
    center[directions:] = directed[:, directions:].mean(axis=0)
    spread = directed[:, directions:].std(axis=0)
    scale[directions:] = np.where(spread > 0, spread, 1.0)
    return center, scale


def _damped(vocabularies: Sequence[Grams], texts: Sequence[str]) -> sparse.csr_array:
    parts = [vocabulary.count(texts) for vocabulary in vocabularies]
    counts = sparse.csr_array(sparse.hstack(parts, format="csr"))
    counts.data = _DAMPED[np.minimum(counts.data, _COUNTS - 1).astype(np.int64)]
    return counts


def _directed(damped: sparse.csr_array, weights: npt.NDArray[np.float32]) -> Floats:
    sums = np.asarray(damped @ weights.astype(np.float64))
    root = np.sqrt(sums[:, -1:])
    return np.concatenate([sums[:, :-1] / np.maximum(root, _LEAST), root], axis=1)


def _rarity(damped: sparse.csr_array) -> Floats:
    documents, runs = damped.shape
    frequencies = np.bincount(damped.indices, minlength=runs)
    return np.asarray(np.log((1 + documents) / (1 + frequencies)) + 1.0)


def _squares(rarity: Floats) -> Floats:
    return np.asarray(np.round(rarity**2 * 2**16) / 2**16)


def _of_length_one(damped: sparse.csr_array, rarity: Floats) -> sparse.csr_array:
    """Return the counts times how rare their runs are, each row divided by a text's length."""
    lengths = np.sqrt(damped @ _squares(rarity))
    scaled = sparse.diags_array(1.0 / np.maximum(lengths, _LEAST)) @ damped
    return sparse.csr_array(scaled @ sparse.diags_array(rarity))


def _weights(rarity: Floats, directions: Sequence[Floats]) -> npt.NDArray[np.float32]:
    """Return rarity times each direction, and rarity squared: ``(runs, directions + 1)``."""
    weighed = np.round(rarity[:, None] * np.hstack(directions) * 2**18) / 2**18
    return np.concatenate([weighed, _squares(rarity)[:, None]], axis=1).astype(np.float32)


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
