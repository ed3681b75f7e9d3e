"""Texts as networks read them: the numbers of their tokens, one behind the other.

Tokens are words or characters. A word is a run of letters, digits and apostrophes; signs of scripts
that set no spaces between words (Chinese, Japanese, Thai) and all other visible signs, such as
emoji and punctuation, stand alone (`units.py`). Of a long text some parts are read, evenly spread.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from automl.core.frame import Frame, Ints, Strings
from automl.core.graph import ML, ElementType, Graph
from automl.core.learner import Layout, Reading
from automl.core.schema import Column
from automl.features import grams, units
from automl.features.base import OneColumn
from automl.features.units import Unit

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""What fills the end of a row, what was not learned, and the number of the most frequent token."""

WORDS = Reading()
"""Words, from the beginning."""

UNITS: Mapping[str, Unit] = MappingProxyType({"words": "tokens", "characters": "characters"})
"""What texts are cut into, by how they are read: words go with all other signs."""

MOST_KNOWN = 20_000
MOST_TOKENS = 400
"""Of a text so many are read at most."""

_LEAST_TEXTS = 2
"""That have a token, so that it is known: rarer ones teach what an unknown one means."""

_COVERED = 0.98
"""Of the training texts are read to their end, if they are not longer than `MOST_TOKENS`."""


@dataclass(frozen=True, slots=True, eq=False)
class TokenEncoder(OneColumn):
    """One column: ``keys`` are spellings of tokens, ``ids`` their numbers from `FIRST`.

    A row has the tokens of its text, of a longer one ``length`` of them.
    """

    keys: tuple[str, ...]
    ids: tuple[int, ...]
    length: int
    reading: Reading = WORDS

    @property
    def width(self) -> int:
        """How many tokens a row has."""
        return self.length

    @property
    def layout(self) -> Layout:
        """How many numbers there are, and how many tokens to a row."""
        return Layout(self.length, vocabulary=max(self.ids, default=UNKNOWN) + 1)

    def transform(self, frame: Frame) -> npt.NDArray[np.int32]:
        """Return ``(rows, length)`` int32."""
        texts, places = grams.distinct(frame.strings(self.column))
        known = dict(zip(self.keys, self.ids, strict=True))
        x = np.full((len(texts), self.length), PADDING, np.int32)
        for row, text in enumerate(texts):
            found = cut(text, UNITS[self.reading.unit])
            if len(found) > self.length:
                found = [found[place] for place in self._read(len(found))]
            x[row, : len(found)] = [known.get(token, UNKNOWN) for token in found]
        return x[places]

    def _read(self, tokens: int) -> list[int]:
        """Return which tokens of a text are read that has more than ``length``."""
        skipped = self._part * (tokens - self.length) // max(1, self.reading.parts - 1)
        places: list[int] = (np.arange(self.length) + skipped).tolist()
        return places

    @property
    def _part(self) -> Ints:
        """Return to which part of a text, from 0, each of a row's tokens belongs."""
        return np.arange(self.length, dtype=np.int64) * self.reading.parts // self.length

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write ``transform`` to the graph, without columns in which no row has a token.

        Attention takes their square: of 512 short texts beside one long one, or of a short one
        alone, these would be nearly all of it. One column is always there.
        """
        texts = units.emit_lower(graph, inputs[self.column])
        tokens = units.emit(graph, texts, UNITS[self.reading.unit])
        ids = graph.node(
            "LabelEncoder",
            tokens,
            domain=ML,
            keys_strings=("", *self.keys),
            values_int64s=(PADDING, *self.ids),
            default_int64=UNKNOWN,
        )
        every = np.iinfo(np.int64).max
        most = self.length if self.reading.parts == 1 else every
        bounds = ([0, 0], [-1, most], [0, 1])  # the last row was added by emit_lower
        found = graph.node("Slice", ids, *(graph.constant(b, np.int64) for b in bounds))
        found = found if self.reading.parts == 1 else self._emit_read(graph, found)
        return graph.node("Cast", found, to=ElementType.INT32)

    def _emit_read(self, graph: Graph, ids: str) -> str:
        """Write which ids are read, as `_read`, of texts as wide as their longest."""

        def whole(numbers: int | Sequence[int]) -> str:
            return graph.constant(numbers, np.int64)

        there = graph.node(
            "Cast", graph.node("Cast", ids, to=ElementType.BOOL), to=ElementType.INT64
        )
        count = graph.node("ReduceSum", there, whole([1]), keepdims=1)
        over = graph.node("Max", graph.node("Sub", count, whole(self.length)), whole(0))
        used = graph.node("Shape", ids, start=1, end=2)
        place, part = (
            graph.node("Slice", whole(every.tolist()), whole([0]), used, whole([0]))
            for every in (np.arange(self.length), self._part)
        )
        skipped = graph.node("Div", graph.node("Mul", part, over), whole(self.reading.parts - 1))
        return graph.node("GatherElements", ids, graph.node("Add", place, skipped), axis=1)


def fit(frame: Frame, columns: Sequence[Column], reading: Reading = WORDS) -> TokenEncoder:
    """Return the encoder of the one column of texts. Raises `ValueError` for others."""
    (column,) = columns
    if column.cells != "string":
        raise ValueError(f"column {column.name!r} holds no texts")
    texts = [cut(text, UNITS[reading.unit]) for text in grams.sample(frame.strings(column.name))]
    known = _numbered(texts)
    lengths = [len(tokens) for tokens in texts] or [1]
    usual = int(np.ceil(np.quantile(lengths, _COVERED)))
    keys = sorted(known)
    return TokenEncoder(
        column.name,
        tuple(keys),
        tuple(known[key] for key in keys),
        max(1, min(usual, MOST_TOKENS)),
        reading,
    )


def cut(text: str, unit: Unit) -> Sequence[str]:
    """Return the tokens of a text whose ASCII is in lower case; not all of very many characters."""
    return units.TOKEN.findall(text) if unit == "tokens" else text[: units.MOST_CHARACTERS]


def rare(cells: Strings) -> float:
    """Return which part of the different words of different texts stands in one text only."""
    counts = Counter[str]()
    for text in grams.sample(cells):
        counts.update({word for word in cut(text, "tokens") if word[0].isalnum()})
    return sum(count == 1 for count in counts.values()) / max(1, counts.total())


def _numbered(texts: Iterable[Sequence[str]]) -> dict[str, int]:
    """Return the numbers of the spellings of the most frequent tokens.

    Spellings of one token in other cases share its number.
    """
    spellings: dict[str, set[str]] = {}
    counts = Counter[str]()
    for tokens in texts:
        different = set(tokens)
        counts.update({token.lower() for token in different})
        for token in different:
            spellings.setdefault(token.lower(), set()).add(token)
    often = sorted((token for token in counts if counts[token] >= _LEAST_TEXTS),
                   key=lambda token: (-counts[token], token))[:MOST_KNOWN]  # fmt: skip
    return {key: FIRST + n for n, token in enumerate(often) for key in spellings[token]}
