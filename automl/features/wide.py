"""Free text for linear models: each run of words and of characters a column of its own.

Rows hold a few hundred of some ten thousand columns, so they are sparse: TF-IDF with the logarithm
of counts, the runs of words and those of characters each of length one (Joachims, 1998; Wang and
Manning, 2012). The program lists a row's runs as well, and never holds a column for each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from automl.core.frame import Frame, Ints
from automl.core.graph import Graph
from automl.core.schema import Column
from automl.features import grams, units
from automl.features.grams import Grams
from automl.features.units import Unit

UNITS: tuple[Unit, ...] = ("tokens", "masked")
"""With signs as words and digits as one a linear model of sms_spam made 56 mistakes on six parts of
1,394 messages, for 70 with words and characters alone; ROC AUC 0.9986 for 0.9977."""

MOST = 50_000
"""Runs of words, and again of characters."""
MOST_WEIGHTS = 500_000
"""Of them: with many classes, there are fewer runs."""
MOST_CELLS = 30_000_000
"""Of all training rows together, so that they fit into memory."""

_LEAST = 2.0**-20
"""Instead of the length of a text without a known run."""


@dataclass(frozen=True, slots=True, eq=False)
class Wide:
    """One column; ``rarities`` has an array for each vocabulary: float32, one number a run."""

    column: str
    vocabularies: tuple[Grams, ...]
    rarities: tuple[npt.NDArray[np.float32], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column's name and the run."""
        runs = (run for vocabulary in self.vocabularies for run in vocabulary.spelled())
        return tuple(f"{self.column}: {run}" for run in runs)

    @property
    def width(self) -> int:
        """How many runs are known."""
        return sum(vocabulary.width for vocabulary in self.vocabularies)

    def rows(self, frame: Frame) -> sparse.csr_array:
        """Return the weighed runs: ``(rows, width)`` float32."""
        texts, places = grams.distinct(frame.strings(self.column))
        parts = [
            _weighed(vocabulary.count(texts), rarities)
            for vocabulary, rarities in zip(self.vocabularies, self.rarities, strict=True)
        ]
        if not parts:
            return sparse.csr_array((frame.rows, 0), dtype=np.float32)
        return sparse.csr_array(sparse.hstack(parts, format="csr")[places])

    def emit(self, graph: Graph, inputs: Mapping[str, str], start: int) -> list[tuple[str, str]]:
        """Write ``rows``: of each vocabulary the places (n × k, int64) and amounts (float32).

        Places count from ``start``; an amount of 0 may have any of them.
        """
        texts = units.emit_lower(graph, inputs[self.column])
        cells = []
        for vocabulary, rarities in zip(self.vocabularies, self.rarities, strict=True):
            places, counts = vocabulary.emit_counts(graph, texts)
            damped = graph.node("Gather", graph.constant(_DAMPED), counts, axis=0)
            rare = graph.node("Gather", graph.constant(rarities), places, axis=0)
            amounts = graph.node("Mul", damped, rare)
            length = graph.node("ReduceL2", amounts, graph.constant([1], np.int64), keepdims=1)
            amounts = graph.node(
                "Div", amounts, graph.node("Max", length, graph.constant(_LEAST, np.float32))
            )
            cells.append((graph.node("Add", places, graph.constant(start, np.int64)), amounts))
            start += vocabulary.width
        return cells


_DAMPED = np.array([0.0, *(1.0 + np.log(np.arange(1, grams.MOST_COUNTED + 1)))], np.float32)
"""What a count weighs."""


def fit(frame: Frame, columns: Sequence[Column], outputs: int) -> tuple[Wide, ...]:
    """Return the runs of the columns' texts in ``frame``; columns without any are left out."""
    share = 1.0 / max(len(columns), 1)
    most = int(share * min(MOST, MOST_WEIGHTS // max(outputs, 1)))
    found = (_fit_column(frame, column.name, most, share * MOST_CELLS) for column in columns)
    return tuple(block for block in found if block.width)


def _fit_column(frame: Frame, column: str, most: int, cells: float) -> Wide:
    sample = grams.sample(frame.strings(column))
    vocabularies, rarities = [], []
    for unit in UNITS:
        found, frequencies = grams.fit(unit, sample, most)
        stands_for = frame.rows / max(len(sample), 1)
        found, frequencies = _affordable(found, frequencies, cells / stands_for / len(UNITS))
        if found.width:
            vocabularies.append(found)
            rarity = np.log((1 + len(sample)) / (1 + frequencies)) + 1.0
            rarities.append(rarity.astype(np.float32))
    return Wide(column, tuple(vocabularies), tuple(rarities))


def _affordable(found: Grams, frequencies: Ints, cells: float) -> tuple[Grams, Ints]:
    """Return the runs without those that most texts have, if the sample has too many cells."""
    order = np.argsort(frequencies, kind="stable")
    within = np.cumsum(frequencies[order]) <= cells
    if within.all():
        return found, frequencies
    kept = np.zeros(len(frequencies), np.bool_)
    kept[order[within]] = True
    return found.only(kept), frequencies[kept]


def _weighed(counts: sparse.csr_array, rarities: npt.NDArray[np.float32]) -> sparse.csr_array:
    """Return the counts damped, times how rare their runs are, every row of length one."""
    often = np.minimum(counts.data, grams.MOST_COUNTED).astype(np.int64)
    amounts = _DAMPED[often] * rarities[counts.indices]
    squares = sparse.csr_array((amounts**2, counts.indices, counts.indptr), shape=counts.shape)
    lengths = np.maximum(np.sqrt(squares.sum(axis=1)), _LEAST).astype(np.float32)
    amounts /= np.repeat(lengths, np.diff(counts.indptr))
    small = (part.astype(np.int32) for part in (counts.indices, counts.indptr))  # half the memory
    return sparse.csr_array((amounts, *small), shape=counts.shape)
