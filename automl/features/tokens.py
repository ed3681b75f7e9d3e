"""Texts as networks read them: the numbers of their words, one behind the other.

A word is a run of letters, digits and apostrophes; signs of scripts that set no spaces between
words (Chinese, Japanese, Thai) and all other visible signs, such as emoji and punctuation, stand
alone (`units.py`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.core.frame import Frame
from automl.core.graph import ML, ElementType, Graph
from automl.core.learner import Layout
from automl.core.schema import Column
from automl.core.state import State, nest
from automl.features import grams, units
from automl.features.base import OneColumn

TOKENS = "tokens"
"""Where a state keeps this."""

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""What fills the end of a row, what was not learned, and the number of the most frequent word."""

MOST_WORDS = 20_000
MOST_TOKENS = 400
"""A text is read from its beginning, so far at most."""

_LEAST_TEXTS = 2
"""That have a word, so that it is known: rarer ones teach what an unknown word means."""

_COVERED = 0.98
"""Of the training texts are read to their end, if they are not longer than `MOST_TOKENS`."""


@dataclass(frozen=True, slots=True, eq=False)
class TokenEncoder(OneColumn):
    """One column: ``keys`` are spellings of words, ``ids`` their numbers from `FIRST`.

    A row has the ``length`` first tokens of its text.
    """

    keys: tuple[str, ...]
    ids: tuple[int, ...]
    length: int

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
            found = [known.get(token, UNKNOWN) for token in cut(text, self.length)]
            x[row, : len(found)] = found
        return x[places]

    def emit(self, graph: Graph, inputs: Mapping[str, str]) -> str:
        """Write ``transform`` to the graph, without columns in which no row has a token.

        Attention takes their square: of 512 short texts beside one long one, or of a short one
        alone, these would be nearly all of it. One column is always there.
        """
        tokens = units.emit(graph, units.emit_lower(graph, inputs[self.column]), "tokens")
        ids = graph.node(
            "LabelEncoder",
            tokens,
            domain=ML,
            keys_strings=("", *self.keys),
            values_int64s=(PADDING, *self.ids),
            default_int64=UNKNOWN,
        )
        bounds = ([0, 0], [-1, self.length], [0, 1])  # the last row was added by emit_lower
        found = graph.node("Slice", ids, *(graph.constant(b, np.int64) for b in bounds))
        return graph.node("Cast", found, to=ElementType.INT32)

    def state(self) -> State:
        """Return everything needed to rebuild this."""
        header = {
            "column": self.column,
            "keys": list(self.keys),
            "ids": list(self.ids),
            "length": self.length,
        }
        return nest({TOKENS: State(header)})


def fit(frame: Frame, columns: Sequence[Column]) -> TokenEncoder:
    """Return the encoder of the one column of texts. Raises `ValueError` for others."""
    (column,) = columns
    if column.cells != "string":
        raise ValueError(f"column {column.name!r} holds no texts")
    texts = [list(cut(text)) for text in grams.sample(frame.strings(column.name))]
    known = _numbered(texts)
    lengths = [len(tokens) for tokens in texts] or [1]
    usual = int(np.ceil(np.quantile(lengths, _COVERED)))
    keys = sorted(known)
    return TokenEncoder(
        column.name, tuple(keys), tuple(known[key] for key in keys), max(1, min(usual, MOST_TOKENS))
    )


def load(state: State) -> TokenEncoder:
    """Return what ``TokenEncoder.state`` once wrote down."""
    header = state.header
    return TokenEncoder(
        header["column"], tuple(header["keys"]), tuple(header["ids"]), header["length"]
    )


def cut(text: str, most: int | None = None) -> Iterable[str]:
    """Return the tokens of a text whose ASCII is in lower case, so many at most."""
    found = units.TOKEN.finditer(text)
    ends = zip(range(most), found, strict=False) if most is not None else enumerate(found)
    return (match.group() for _, match in ends)


def _numbered(texts: Iterable[Sequence[str]]) -> dict[str, int]:
    """Return the numbers of the spellings of the most frequent words.

    Spellings of one word in other cases share its number.
    """
    spellings: dict[str, set[str]] = {}
    counts = Counter[str]()
    for tokens in texts:
        different = set(tokens)
        counts.update({token.lower() for token in different})
        for token in different:
            spellings.setdefault(token.lower(), set()).add(token)
    often = sorted((word for word in counts if counts[word] >= _LEAST_TEXTS),
                   key=lambda word: (-counts[word], word))[:MOST_WORDS]  # fmt: skip
    return {key: FIRST + n for n, word in enumerate(often) for key in spellings[word]}
