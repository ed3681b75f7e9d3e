"""Predictions: a model's own file, run on rows that came in."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from automl.core.catalog import ExportFormat
from automl.core.errors import InvalidRows
from automl.core.model import Artifact, Model
from automl.service.cache import Cache

if TYPE_CHECKING:
    from automl.export.scoring import Scorer

Label = str | int | float

SESSIONS = 4
"""Models kept loaded: a file is some MiB, its session a few times that."""

MAX_ROWS = 100_000
MAX_FILE_ROWS = 1_000_000
UNPACKED_LIMIT = 1 << 30
FILES = (
    "text/csv",
    "text/tab-separated-values",
    "application/vnd.apache.parquet",
    "application/parquet",
    "application/x-parquet",
    "application/octet-stream",
    "application/x-npz",
    "image/png",
    "image/jpeg",
    "application/zip",
    "application/x-tar",
    "application/gzip",
    "text/plain",
)
"""Media types of files of rows; which of the formats it is, its content tells."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """One prediction a row and, for classification, a probability a class."""

    predictions: Sequence[Label]
    probabilities: Sequence[Sequence[float]] | None
    classes: Sequence[Label] | None


class Scorers:
    """Loaded models by digest, the least recently used dropped; safe between threads."""

    def __init__(self, cache: Cache, *, limit: int = SESSIONS) -> None:
        self._cache = cache
        self._limit = limit
        self._lock = Lock()
        self._loaded: OrderedDict[str, Scorer] = OrderedDict()

    def of(self, artifact: Artifact) -> "Scorer":
        """Return the session of a model file, loading it when it is not at hand."""
        from automl.export.scoring import Scorer  # loads onnxruntime

        with self._lock:
            if scorer := self._loaded.get(artifact.sha256):
                self._loaded.move_to_end(artifact.sha256)
                return scorer
        scorer = Scorer(self._cache.path(artifact.id))
        with self._lock:
            self._loaded[artifact.sha256] = scorer
            while len(self._loaded) > self._limit:
                self._loaded.popitem(last=False)
        return scorer


def of_rows(scorers: Scorers, model: Model, rows: Sequence[Mapping[str, Any]]) -> Predicted:
    """Return predictions for rows of cells by column.

    Raises:
        InvalidRows: a column is missing or a cell has the wrong type; names it.
    """
    from automl.data.rows import from_json  # loads pyarrow

    _check_count(len(rows), MAX_ROWS)
    return _predict(scorers, model, from_json(rows, model.card.inputs), len(rows))


def of_array(scorers: Scorers, model: Model, values: Sequence[Any]) -> Predicted:
    """Return predictions for arrays ``(rows, *shape)`` as nested lists. Raises `InvalidRows`."""
    from automl.data.rows import from_array

    _check_count(len(values), MAX_ROWS)
    return _predict(scorers, model, from_array(values, model.card.inputs), len(values))


def of_file(
    scorers: Scorers, model: Model, path: Path, *, media_type: str | None = None
) -> Predicted:
    """Return predictions for the rows of a file.

    Args:
        scorers: hold the model's session.
        model: whose inputs the file has as columns.
        path: of the file.
        media_type: as sent with it, if any; its charset is obeyed.

    Raises:
        InvalidRows: a column is missing or a cell has the wrong type; names it.
        DatasetUnreadable: the file is no table, or not in that charset.
    """
    from automl.data.rows import from_file

    inputs = model.card.inputs
    feeds = from_file(path, inputs, media_type=media_type, unpacked_limit=UNPACKED_LIMIT)
    rows = len(next(iter(feeds.values()), ()))
    _check_count(rows, MAX_FILE_ROWS)
    return _predict(scorers, model, feeds, rows)


def as_csv(predicted: Predicted) -> str:
    """Return the columns ``prediction`` and ``probability_<class>`` as the bundle's script does."""
    from automl.export.predict import written  # loads onnxruntime

    return written(predicted.predictions, predicted.probabilities, predicted.classes or ())


def _check_count(rows: int, most: int) -> None:
    if rows > most:
        raise InvalidRows(f"{rows:,} rows are too many at once; send at most {most:,}.")


def _predict(scorers: Scorers, model: Model, feeds: Mapping[str, Any], rows: int) -> Predicted:
    classes: list[Label] | None = [*model.card.classes] or None
    if rows == 0:
        return Predicted([], None if classes is None else [], classes)
    scores = scorers.of(model.formats[ExportFormat.ONNX]).predict(feeds)
    probabilities = scores.probabilities
    return Predicted(
        scores.predictions.tolist(),
        None if probabilities is None else probabilities.tolist(),
        classes,
    )
