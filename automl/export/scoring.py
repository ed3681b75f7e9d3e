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
from automl.core.frame import Floats
from automl.core.model import Input
from automl.export.metadata import PREDICTION, PROBABILITIES, Metadata, input_names, read

# From 1.29 on it tells its makers of each model it opens, unless this stands when it is loaded.
os.putenv("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

_FATAL_ONLY = 4
_BLOCK = 512
"""Most rows at a time: what they become on their way through the program stays in a core's cache.
However many threads there are, and one thread for each: other sums would have other last digits."""
_SHARED = 4
"""Blocks come in multiples of so many, all alike: two cores or four end at the same time."""
_LEAST = 64
"""But fewer rows than this are not worth a block, which takes as long to set going as a row."""
_NUMBERS = 1 << 18
"""And no more than so many numbers of one input: layers make a hundred times as many of them."""
_LONG = 100
"""Characters."""


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
        starts = range(0, max(rows, 1), size)
        order = _by_length(given) if len(starts) > 1 else None
        if order is not None:
            given = {name: x[order] for name, x in given.items()}

        def block(start: int) -> list[npt.NDArray[Any]]:
            some = {name: x[start : start + size] for name, x in given.items()}
            return cast("list[npt.NDArray[Any]]", self._session.run(self._outputs, some))

        if min(self._threads, len(starts)) == 1:
            blocks = [block(start) for start in starts]
        else:
            with ThreadPoolExecutor(self._threads) as threads:
                blocks = list(threads.map(block, starts))
        joined = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
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


def _by_length(given: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.intp] | None:
    """Return the rows from short to long where some are long texts, None where all are short.

    A program cuts the texts of a block into as many pieces as its longest has: among their like
    short ones take a third of the time.
    """
    texts = [x for x in given.values() if x.dtype == object]
    if not texts:
        return None
    lengths = sum(np.fromiter(map(len, x.ravel()), np.int64, len(x)) for x in texts)
    return np.argsort(lengths, kind="stable") if np.max(lengths) > _LONG else None


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
