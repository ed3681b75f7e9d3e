"""Short runs of words or characters: a small vocabulary of them, and how often a text has each.

Texts are cut into units first (`units.py`), alike in training and in the model file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from automl.core.frame import Ints, Strings
from automl.core.graph import ML, ElementType, Graph
from automl.features import units
from automl.features.units import BITS, MOST_CHARACTERS, Unit, lower

_OF_WORDS, _OF_CHARACTERS = range(1, 3), range(2, 6)
LENGTHS: dict[Unit, range] = {
    "words": _OF_WORDS,
    "tokens": _OF_WORDS,
    "characters": _OF_CHARACTERS,
    "masked": _OF_CHARACTERS,
}
"""How many units the runs have."""

MOST_COUNTED = 255
"""In the program's lists of runs; a text that has one more often has it so often."""
FITTED_TEXTS = 20_000
FITTED_CHARACTERS = 10_000_000
"""Vocabularies are learned from so many texts and signs at most."""
_BLOCK = 2_000
"""Texts counted at a time: a long one has some thousand runs."""
_END = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Grams:
    """A vocabulary: ``keys`` are spellings of units, ``ids`` their numbers from 1, 0 for others.

    ``runs`` holds the known runs by length: ``(runs, length)`` ids each.
    """

    unit: Unit
    keys: tuple[str, ...]
    ids: tuple[int, ...]
    runs: tuple[Ints, ...]

    @property
    def width(self) -> int:
        """How many runs are known."""
        return sum(map(len, self.runs))

    def count(self, texts: Sequence[str]) -> sparse.csr_array:
        """Return how often each text has each run: ``(texts, width)`` float64."""
        starts, ordered = range(0, max(len(texts), 1), _BLOCK), self._ordered()
        blocks = [self._count(texts[start : start + _BLOCK], ordered) for start in starts]
        return sparse.csr_array(sparse.vstack(blocks, format="csr"))

    def _count(self, texts: Sequence[str], ordered: Sequence[tuple[Ints, Ints]]) -> Any:
        known = dict(zip(self.keys, self.ids, strict=True))
        ids, rows = units.identified(self.unit, texts, known)
        places, owners = [], []
        for length, (runs, order) in zip(LENGTHS[self.unit], ordered, strict=True):
            codes, of = _codes(ids, rows, length, self.unit)
            spot = np.searchsorted(runs, codes)
            hit = runs[spot] == codes
            places.append(order[spot[hit]])
            owners.append(of[hit])
        column, row = np.concatenate(places), np.concatenate(owners)
        counts = (np.ones(len(column)), (row, column))
        return sparse.csr_array(counts, shape=(len(texts), self.width))

    def _ordered(self) -> list[tuple[Ints, Ints]]:
        """Return the codes of the runs of each length, ascending, and their places.

        The last code is larger than any.
        """
        found, start = [], 0
        for runs in self.runs:
            codes = _code(runs.T, self.unit)
            order = np.argsort(codes)
            found.append((np.append(codes[order], _END), np.append(order + start, -1)))
            start += len(runs)
        return found

    def emit(self, graph: Graph, texts: str) -> str:
        """Write ``count`` to the graph: lower-cased string ``texts``, n × 1, to float32."""
        ids = self._emit_ids(graph, texts)
        lengths = LENGTHS[self.unit]
        starts, pool = [0] * (lengths.start - 1), list[int]()
        for runs in self.runs:
            starts.append(len(pool))
            pool += runs.ravel().tolist()
        return graph.node(
            "TfIdfVectorizer",
            ids,
            mode="TF",
            min_gram_length=lengths.start,
            max_gram_length=lengths.stop - 1,
            max_skip_count=0,
            ngram_counts=starts,
            ngram_indexes=list(range(self.width)),
            pool_int64s=pool,
        )

    def emit_counts(self, graph: Graph, texts: str) -> tuple[str, str]:
        """Write ``count`` as lists: places and counts, n − 1 × k int64 each; ``texts`` as `emit`.

        The row that `emit_lower` adds is gone. Each row lists its runs once; the rest of the list
        counts 0.
        """
        places = graph.node("Concat", *self._emit_places(graph, texts), axis=1)
        shape = graph.node("Shape", places)
        ordered, _ = graph.nodes_out(
            "TopK", places, _cut(graph, shape, 1, 2, axis=0), count=2, axis=1, largest=0, sorted=1
        )
        before = _cut(graph, _padded(graph, ordered, front=1), 0, -1)
        new = graph.node("Not", graph.node("Equal", ordered, before))
        new = graph.node("Cast", new, to=ElementType.INT64)
        nth = graph.node("CumSum", new, graph.constant(1, np.int64))
        nth = graph.node("Sub", nth, graph.constant(1, np.int64))  # of the row's different runs
        known = graph.node("Less", ordered, graph.constant(self.width, np.int64))
        known = graph.node("Cast", known, to=ElementType.INT64)
        nothing = graph.node("ConstantOfShape", shape, value=np.zeros(1, np.int64))
        counts = graph.node("ScatterElements", nothing, nth, known, axis=1, reduction="add")
        counts = graph.node("Min", counts, graph.constant(MOST_COUNTED, np.int64))
        inside = graph.node("Min", ordered, graph.constant(self.width - 1, np.int64))
        listed = graph.node("ScatterElements", nothing, nth, inside, axis=1)
        return _cut(graph, listed, 0, -1, axis=0), _cut(graph, counts, 0, -1, axis=0)

    def only(self, chosen: npt.NDArray[np.bool_]) -> "Grams":
        """Return the vocabulary of the chosen runs, given as one truth value a run."""
        ends = np.cumsum([len(part) for part in self.runs])[:-1]
        parts = zip(self.runs, np.split(chosen, ends), strict=True)
        known = dict(zip(self.keys, self.ids, strict=True))
        return _renumbered(self.unit, known, [runs[part] for runs, part in parts])

    def spelled(self) -> list[str]:
        """Return the runs as one reads them, those of characters in quotes."""
        keys = (units.alike(self.unit, key) for key in self.keys)
        spellings = dict(zip(self.ids, keys, strict=True))
        runs = [
            [spellings[number] for number in run] for part in self.runs for run in part.tolist()
        ]
        if LENGTHS[self.unit] is _OF_WORDS:
            return [" ".join(run) for run in runs]
        return [f'"{"".join(run)}"' for run in runs]

    def _emit_places(self, graph: Graph, texts: str) -> list[str]:
        """Write where each run of the texts stands in the vocabulary, ``width`` for the unknown."""
        lengths = LENGTHS[self.unit]
        ids = _padded(graph, self._emit_ids(graph, texts), back=lengths.stop - 2)
        places, start = [], 0
        for length, runs in zip(lengths, self.runs, strict=True):
            if len(runs):
                code = _emit_code(graph, ids, length, self.unit)
                places.append(graph.node(
                    "LabelEncoder",
                    code,
                    domain=ML,
                    keys_int64s=_code(runs.T, self.unit).tolist(),
                    values_int64s=range(start, start + len(runs)),
                    default_int64=self.width,
                ))  # fmt: skip
            start += len(runs)
        return places

    def _emit_ids(self, graph: Graph, texts: str) -> str:
        """Write the numbers of the texts' units: n × the longest, 0 for unknown ones and none."""
        return graph.node(
            "LabelEncoder",
            units.emit(graph, texts, self.unit),
            domain=ML,
            keys_strings=self.keys,
            values_int64s=self.ids,
            default_int64=0,
        )


def fit(unit: Unit, texts: Sequence[str], most: int) -> tuple[Grams, Ints]:
    """Return the runs that most of the texts have, and how many have each.

    Of each run at least two texts, and at most ``most`` runs.
    """
    known = units.numbered(unit, texts)
    ids, rows = units.identified(unit, texts, known)
    found = [_frequencies(*_codes(ids, rows, length, unit), len(texts)) for length in LENGTHS[unit]]
    frequencies = np.concatenate([frequency for _, frequency in found])
    order = np.argsort(-frequencies, kind="stable")[:most]
    chosen = np.zeros(len(frequencies), np.bool_)
    chosen[order] = frequencies[order] > 1
    parts = np.split(chosen, np.cumsum([len(distinct) for distinct, _ in found])[:-1])
    runs = [
        _units(distinct[part], length, unit)
        for (distinct, _), part, length in zip(found, parts, LENGTHS[unit], strict=True)
    ]
    return _renumbered(unit, known, runs), frequencies[chosen]


def distinct(cells: Strings) -> tuple[list[str], npt.NDArray[np.intp]]:
    """Return the different texts in lower case, the missing one empty, and which each row has."""
    used, places = np.unique(cells.codes, return_inverse=True)
    texts = ["" if code < 0 else lower(cells.values[code]) for code in used.tolist()]
    return texts, places


def sample(cells: Strings) -> list[str]:
    """Return the texts that a vocabulary is learned from: none twice, none empty, in lower case."""
    texts, _ = distinct(cells)
    return [texts[place] for place in sampled(texts)]


def sampled(texts: Sequence[str]) -> list[int]:
    """Return which of the texts a vocabulary is learned from, evenly spread; no empty ones."""
    signs = sum(min(len(text), MOST_CHARACTERS) for text in texts)
    step = max(-(-len(texts) // FITTED_TEXTS), -(-signs // FITTED_CHARACTERS), 1)
    return [place for place in range(0, len(texts), step) if texts[place]]


def _padded(graph: Graph, table: str, *, front: int = 0, back: int = 0) -> str:
    """Write more columns of 0 (before: of −1, which no place is)."""
    sizes = graph.constant([0, front, 0, back], np.int64)
    return graph.node("Pad", table, sizes, graph.constant(-1 if front else 0, np.int64))


def _cut(graph: Graph, table: str, start: int, end: int, *, axis: int = 1) -> str:
    bounds = (graph.constant([n], np.int64) for n in (start, end, axis))
    return graph.node("Slice", table, *bounds)


def _emit_code(graph: Graph, ids: str, length: int, unit: Unit) -> str:
    """Write ``_code`` of the runs that start at each unit; ``ids`` is padded for the longest."""
    longest = LENGTHS[unit].stop - 1
    code = ""
    for offset in range(length):
        column = _cut(graph, ids, offset, offset - longest + 1 or _END)
        if code:
            shifted = graph.node("Mul", code, graph.constant(1 << BITS[unit], np.int64))
            column = graph.node("Add", shifted, column)
        code = column
    return code


def _codes(ids: Ints, rows: Ints, length: int, unit: Unit) -> tuple[Ints, Ints]:
    """Return the codes of all runs of known units, and whose they are."""
    count = max(len(ids) - length + 1, 0)
    columns = [ids[offset : offset + count] for offset in range(length)]
    inside = rows[:count] == rows[length - 1 :][:count]
    for column in columns:
        inside = inside & (column > 0)
    return _code(np.array(columns).reshape(length, count)[:, inside], unit), rows[:count][inside]


def _frequencies(codes: Ints, rows: Ints, texts: int) -> tuple[Ints, Ints]:
    """Return the distinct codes, and how many texts have each."""
    distinct, place = np.unique(codes, return_inverse=True)
    pairs = np.sort(place * max(texts, 1) + rows)
    owners = pairs[np.diff(pairs, prepend=-1) > 0] // max(texts, 1)
    return distinct, np.bincount(owners, minlength=len(distinct))


def _code(units: npt.NDArray[np.int64], unit: Unit) -> Ints:
    code = np.zeros(units.shape[1], np.int64)
    for column in units:
        code = (code << BITS[unit]) | column
    return code


def _units(codes: Ints, length: int, unit: Unit) -> Ints:
    shifts = np.arange(length - 1, -1, -1) * BITS[unit]
    return (codes[:, None] >> shifts) & ((1 << BITS[unit]) - 1)


def _renumbered(unit: Unit, known: dict[str, int], runs: Sequence[Ints]) -> Grams:
    """Return the vocabulary with the units of its runs alone."""
    used = np.unique(np.concatenate([part.ravel() for part in runs]))
    members = set(used.tolist())
    kept = {token: int(np.searchsorted(used, number)) for token, number in known.items()
            if number in members}  # fmt: skip
    keys = sorted(kept)
    return Grams(
        unit,
        tuple(keys),
        tuple(kept[key] + 1 for key in keys),
        tuple(np.searchsorted(used, part) + 1 for part in runs),
    )
