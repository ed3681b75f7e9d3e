"""Predictions from the model file: onnxruntime and numpy, nothing that was used to train."""

import math
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidRows
from automl.core.frame import Floats, Ints
from automl.core.model import Input
from automl.export.metadata import PREDICTION, PROBABILITIES, Metadata, input_names, read

# From 1.29 on it tells its makers of each model it opens, unless this stands when it is loaded.
os.putenv("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

_FATAL_ONLY = 4
_BLOCK = 1024
"""Most rows at a time: what they become on their way through the program stays in a core's cache.
However many threads there are, and one thread for each: other sums would have other last digits."""
_SHARED = 2
"""Blocks come in multiples of so many, all alike, so that two cores end at the same time. No more:
64 rows take up to a quarter longer each than 128, and these up to a third longer than 512."""
_LEAST = 64
"""But fewer rows than this are not worth a block, which takes as long to set going as a row."""
_NUMBERS = 1 << 18
"""And no more than so many numbers of one input: layers make a hundred times as many of them."""
_LONG = 100
"""Characters."""
_CHARACTERS = 1 << 14
"""And of long texts no more than so many, each taken for as long as the longest: attention between
400 of a text's words, or of its signs where they stand alone, is 640,000 numbers a layer."""
_READ = 400
"""Characters beyond which a text takes little more: networks read no more of its tokens."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The answers for some rows.

    ``predictions`` is ``(rows,)``: int64 or str labels, or float64 values. ``probabilities`` is
    ``(rows, classes)`` float64, None for regression.
    """

    predictions: npt.NDArray[Any]
    probabilities: Floats | None


class Session:
    """A loaded program, with or without metadata; may be used from several threads at once.

    The answers do not depend on how many threads there are.
    """

    def __init__(self, content: bytes | Path, *, threads: int = 1) -> None:
        """Load the file.

        Args:
            content: The file's bytes or where it lies.
            threads: How many threads one call may use.

        Raises:
            ValueError: onnxruntime cannot load it.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL_ONLY
        options.enable_cpu_mem_arena = False  # one large table must not stay in memory for ever
        source = content if isinstance(content, bytes) else str(content)
        try:
            self._session = onnxruntime.InferenceSession(
                source, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001 -- onnxruntime's errors share no public base
            raise ValueError(f"not a model file: {error}") from None
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._threads = threads

    def score(self, feeds: Mapping[str, npt.NDArray[Any]]) -> Scores:
        """Return the answers for exactly the program's inputs, by name.

        Args:
            feeds: columns as ``(rows, 1)``, or arrays as ``(rows, *shape)``.
        """
        given = dict(zip(input_names(tuple(feeds)), feeds.values(), strict=True))
        rows = max(map(len, given.values()), default=0)
        size = _block(rows, given.values())
        lengths = _lengths(given)
        order = None if lengths is None else np.argsort(lengths, kind="stable")
        if lengths is not None and order is not None:
            given, lengths = {name: x[order] for name, x in given.items()}, lengths[order]
        parts = _parts(rows, size, lengths)

        def block(part: slice) -> list[npt.NDArray[Any]]:
            some = {name: x[part] for name, x in given.items()}
            return cast("list[npt.NDArray[Any]]", self._session.run(self._outputs, some))

        if min(self._threads, len(parts)) == 1:
            blocks = [block(part) for part in parts]
        else:
            with ThreadPoolExecutor(self._threads) as threads:
                blocks = list(threads.map(block, parts))
        joined = [np.concatenate(found) for found in zip(*blocks, strict=True)]
        if order is not None:
            joined = [part[np.argsort(order)] for part in joined]
        results = dict(zip(self._outputs, joined, strict=True))
        return Scores(np.asarray(results[PREDICTION]), results.get(PROBABILITIES))

    def run(self, feeds: Mapping[str, npt.NDArray[Any]]) -> Floats:
        """Return what metrics and parity want: ``(rows, outputs)`` probabilities or values."""
        scores = self.score(feeds)
        if scores.probabilities is not None:
            return scores.probabilities
        return np.asarray(scores.predictions, np.float64)[:, None]


def _lengths(given: Mapping[str, npt.NDArray[Any]]) -> Ints | None:
    """Return how many characters each row has where some are long texts, None where all are short.

    A program cuts the texts of a block into as many pieces as its longest has: among their like
    short ones take a third of the time.
    """
    texts = [x for x in given.values() if x.dtype == object]
    lengths = sum(np.fromiter(map(len, x.ravel()), np.int64, len(x)) for x in texts)
    return np.asarray(lengths) if np.max(lengths, initial=0) > _LONG else None


def _parts(rows: int, size: int, lengths: Ints | None) -> list[slice]:
    """Return which rows are scored at a time: ``size`` of them, fewer where texts are long.

    ``lengths`` are their characters, ascending.
    """
    parts: list[slice] = []
    start = 0
    while start < rows or not parts:
        end = min(start + size, rows)
        if lengths is not None:
            taken = np.minimum(lengths[start:end], _READ) * np.arange(1, end - start + 1)
            end = start + max(1, int(np.searchsorted(taken, _CHARACTERS, side="right")))
        parts.append(slice(start, end))
        start = end
    return parts


class Scorer:
    """A published model file: its program with the schema that it carries."""

    def __init__(self, content: bytes | Path, *, threads: int | None = None) -> None:
        """Load the file, as `Session` does, for as many threads as there are cores if not said.

        Raises:
            ValueError: this is not a model file of ours.
        """
        self._session = Session(content, threads=threads or os.cpu_count() or 1)
        self.metadata: Metadata = read(self._session.metadata)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The columns that ``predict`` wants, in the dataset's order."""
        return self.metadata.card.inputs

    @property
    def classes(self) -> tuple[str, ...] | tuple[int, ...]:
        """The labels in the order of the probabilities; empty for regression."""
        return self.metadata.card.classes

    def predict(self, feeds: Mapping[str, npt.NDArray[Any]]) -> Scores:
        """Return the answers for rows by name: ``(rows, 1)`` columns or ``(rows, *shape)`` arrays.

        Columns that the model does not know are ignored.

        Raises:
            InvalidRows: a column is missing.
        """
        absent = [item.name for item in self.inputs if item.name not in feeds]
        if absent:
            raise InvalidRows(f"missing column: {', '.join(map(repr, absent))}")
        return self._session.score({item.name: feeds[item.name] for item in self.inputs})


def _block(rows: int, inputs: Iterable[npt.NDArray[Any]]) -> int:
    """Return how many rows are scored at a time."""
    blocks = min(-(-rows // _LEAST), _SHARED * -(-rows // (_SHARED * _BLOCK)))  # rounded up
    widest = max((math.prod(x.shape[1:]) for x in inputs), default=1)
    return max(1, min(-(-rows // max(1, blocks)), _NUMBERS // max(1, widest)))
