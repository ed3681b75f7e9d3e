"""Short runs of words or characters: a small vocabulary of them, and how often a text has each.

Training and the model file cut texts alike: the same regular expression in Python's ``re`` and in
the RE2 of ONNX Runtime's ``Tokenizer`` (they differ in letters that Unicode added after 14 only),
and lower case for ASCII. Of other letters every spelling seen in training is known.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from automl.core.frame import Ints
from automl.core.graph import MICROSOFT, ML, Graph
from automl.core.state import State

Unit = Literal["words", "characters"]

LENGTHS: dict[Unit, range] = {"words": range(1, 3), "characters": range(2, 6)}
"""How many units the runs have."""

_WORD = re.compile(r"[\w']+")
_WORD_RE2 = r"[\p{L}\p{N}_']+"
_MOST_CHARACTERS = 1_000
"""Runs of characters are counted from the beginning of a text only: RE2 repeats no more."""
_BITS: dict[Unit, int] = {"words": 31, "characters": 12}
"""A run is one int64: so many bits a unit."""


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
        known = dict(zip(self.keys, self.ids, strict=True))
        ids, rows = _identified(self.unit, texts, known)
        places, owners, start = [], [], 0
        for runs in self.runs:
            codes, of = _codes(ids, rows, runs.shape[1], self.unit)
            place, hit = _places(codes, _code(runs.T, self.unit))
            places.append(start + place)
            owners.append(of[hit])
            start += len(runs)
        column, row = np.concatenate(places), np.concatenate(owners)
        counts = (np.ones(len(column)), (row, column))
        return sparse.csr_array(counts, shape=(len(texts), self.width))

    def emit(self, graph: Graph, texts: str) -> str:
        """Write ``count`` to the graph: lower-cased string ``texts``, n × 1, to float32."""
        tokens = graph.node("Squeeze", _emit_tokens(graph, texts, self.unit), _axis(graph, 1))
        ids = graph.node(
            "LabelEncoder",
            tokens,
            domain=ML,
            keys_strings=self.keys,
            values_int64s=self.ids,
            default_int64=0,
        )
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

    def state(self) -> State:
        """Return the vocabulary."""
        header = {"unit": self.unit, "keys": list(self.keys), "ids": list(self.ids)}
        return State(header, {str(index): runs for index, runs in enumerate(self.runs)})


def fit(unit: Unit, texts: Sequence[str], most: int) -> Grams:
    """Return the runs that most of the texts have, at least two of them: at most ``most``."""
    known = _spellings(unit, texts)
    ids, rows = _identified(unit, texts, known)
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
    return _renumbered(unit, known, runs)


def load(state: State) -> Grams:
    """Return the vocabulary that ``state`` describes."""
    header = state.header
    runs = tuple(state.arrays[str(index)] for index in range(len(LENGTHS[header["unit"]])))
    return Grams(header["unit"], tuple(header["keys"]), tuple(header["ids"]), runs)


def lower(text: str) -> str:
    """Return the text with its ASCII letters in lower case, as the graph has it."""
    return text.encode().lower().decode()


def emit_lower(graph: Graph, texts: str) -> str:
    """Write ``lower`` to the graph: strings, n × 1, with one more row at the end: ``aa``.

    That row has a word and a run, so that every table of tokens has a width.
    """
    more = graph.node("Concat", texts, graph.constant([["aa"]]), axis=0)
    flat = graph.node("Reshape", more, _axis(graph, -1))
    small = graph.node("StringNormalizer", flat, case_change_action="LOWER", locale="C")
    return graph.node("Reshape", small, graph.constant([-1, 1], np.int64))


def _axis(graph: Graph, axis: int) -> str:
    return graph.constant([axis], np.int64)


def _tokens(unit: Unit, text: str) -> Sequence[str]:
    return _WORD.findall(text) if unit == "words" else text[:_MOST_CHARACTERS]


def _emit_tokens(graph: Graph, texts: str, unit: Unit) -> str:
    def cut(cells: str, **how: Any) -> str:
        return graph.node(
            "Tokenizer", cells, domain=MICROSOFT, mark=0, mincharnum=1, pad_value="", **how
        )

    if unit == "words":
        return cut(texts, tokenexp=_WORD_RE2)
    start = cut(texts, tokenexp=f"^(?s:.{{1,{_MOST_CHARACTERS}}})")
    return cut(graph.node("Squeeze", start, _axis(graph, 2)), separators=[""])


def _spellings(unit: Unit, texts: Sequence[str]) -> dict[str, int]:
    """Number every spelling from 1; those of one word in other cases share a number."""
    known: dict[str, int] = {}
    numbers: dict[str, int] = {}
    for text in texts:
        for token in _tokens(unit, text):
            if token not in known:
                known[token] = numbers.setdefault(token.lower(), len(numbers) + 1)
    if len(numbers) >= 1 << _BITS[unit]:  # thousands of different signs: the first ones are kept
        most = (1 << _BITS[unit]) - 1
        for token in [token for token, number in known.items() if number > most]:
            del known[token]
    return known


def _identified(unit: Unit, texts: Sequence[str], known: dict[str, int]) -> tuple[Ints, Ints]:
    """Return the units of all texts, one behind the other, and whose they are."""
    cut = [_tokens(unit, text) for text in texts]
    sizes = np.array([len(tokens) for tokens in cut], np.int64)
    found = (known.get(token, 0) for tokens in cut for token in tokens)
    ids = np.fromiter(found, np.int64, count=int(sizes.sum()))
    return ids, np.repeat(np.arange(len(cut)), sizes)


def _codes(ids: Ints, rows: Ints, length: int, unit: Unit) -> tuple[Ints, Ints]:
    """Return the codes of all runs of known units, and whose they are."""
    count = max(len(ids) - length + 1, 0)
    columns = [ids[offset : offset + count] for offset in range(length)]
    inside = rows[:count] == rows[length - 1 :][:count]
    for column in columns:
        inside = inside & (column > 0)
    return _code(np.array(columns).reshape(length, count)[:, inside], unit), rows[:count][inside]


def _places(codes: Ints, known: Ints) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return the positions among ``known`` of the codes that are there, and which those are."""
    if not len(known):
        return np.zeros(0, np.intp), np.zeros(len(codes), np.bool_)
    order = np.argsort(known)
    spot = np.searchsorted(known[order], codes).clip(max=len(known) - 1)
    hit = known[order][spot] == codes
    return order[spot[hit]], hit


def _frequencies(codes: Ints, rows: Ints, texts: int) -> tuple[Ints, Ints]:
    """Return the distinct codes, and how many texts have each."""
    distinct, place = np.unique(codes, return_inverse=True)
    pairs = np.sort(place * max(texts, 1) + rows)
    owners = pairs[np.diff(pairs, prepend=-1) > 0] // max(texts, 1)
    return distinct, np.bincount(owners, minlength=len(distinct))


def _code(units: npt.NDArray[np.int64], unit: Unit) -> Ints:
    code = np.zeros(units.shape[1], np.int64)
    for column in units:
        code = (code << _BITS[unit]) | column
    return code


def _units(codes: Ints, length: int, unit: Unit) -> Ints:
    shifts = np.arange(length - 1, -1, -1) * _BITS[unit]
    return (codes[:, None] >> shifts) & ((1 << _BITS[unit]) - 1)


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
