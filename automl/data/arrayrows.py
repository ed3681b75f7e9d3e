"""Rows to predict that are arrays, out of JSON or of any file that holds some.

What comes back is ``(rows, *shape)`` of the model's own dtype. A missing number is NaN in series of
floats and 0 in all else, as in a dataset; a series that is shorter than the model's ends in missing
steps.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.catalog import ColumnKind, Modality
from automl.core.errors import Detail, InvalidRows
from automl.core.model import Input
from automl.data.arrayfile import ArrayFile
from automl.data.bomb import refuse_bomb
from automl.data.modality import described
from automl.data.package import is_npz
from automl.data.source import open_source, unpacked

Values: TypeAlias = npt.NDArray[Any]

MOST_BYTES = 512 << 20
"""Of all rows together, as the model takes them."""


class Misfit(Exception):
    """An array does not fit the input; the message says what would."""


def of_cells(cells: Sequence[object], item: Input, errors: list[Detail]) -> Values:
    """Return nested lists, or arrays, as an input; what does not fit is added to ``errors``.

    Raises:
        InvalidRows: too many rows.
    """
    _check_count(len(cells), item)
    values = np.zeros((len(cells), *item.shape), item.dtype)
    for row, cell in enumerate(cells):
        try:
            values[row] = fitted(_array(cell)[None], item)[0]
        except Misfit as problem:
            errors.append(Detail(f"{item.name!r} {problem}", field=item.name, line=row + 1))
    return values


def of_array(values: object, item: Input) -> Values:
    """Return rows given as one array, or as nested lists, as an input.

    Raises:
        InvalidRows: they do not fit; says what would.
    """
    try:
        return fitted(_array(values), item)
    except Misfit as problem:
        raise _refusal(problem, item) from None


def of_file(path: Path, item: Input, *, unpacked_limit: int) -> Values:
    """Return the rows of a file as an input: .npz, images, or series.

    Raises:
        InvalidRows: its arrays do not fit; says what would.
        DatasetUnreadable: it is damaged, or a bomb.
    """
    try:
        return _of_file(path, item, unpacked_limit)
    except Misfit as problem:
        raise _refusal(problem, item) from None


def fitted(values: Values, item: Input) -> Values:
    """Return arrays ``(rows, …)`` in the input's shape and dtype.

    Raises:
        Misfit: they have another shape, or numbers that the dtype has not.
    """
    return _typed(_shaped(values, item), item)


def _of_file(path: Path, item: Input, limit: int) -> Values:
    from automl.data.survey import is_image

    with path.open("rb") as file:
        head = file.read(16)
    if is_image("", head):
        return _pictures([("", path.read_bytes())], 1, item)
    if survey := refuse_bomb(path, unpacked_limit=limit):
        if survey.broken:
            raise _broken(survey.broken[0])
        names = {picture.name for picture in survey.pictures}
        files = ((name, data) for name, data in survey.archive.files() if name in names)
        return _pictures(files, len(names), item)
    if is_npz(path):
        from automl.data.npzfile import open_x

        return _joined(open_x(path), item)
    if item.kind is ColumnKind.SERIES and (found := _series(path, limit)):
        return _joined(found, item)
    raise Misfit(f"takes {_wanted(item)}, and the file holds none; send {_files(item)}.")


def _broken(name: str) -> InvalidRows:
    """Return the refusal of an image; ``name`` is its own in an archive, where it came in one."""
    which = f"The image {name[:80]!r}" if name else "The image"
    instead = "leave it out" if name else "send the whole file"
    return InvalidRows(f"{which} cannot be read: it is cut off or damaged; {instead}.")


def _series(path: Path, limit: int) -> ArrayFile | None:
    from automl.data.longfile import is_long, open_long, understood
    from automl.data.tabular import open_table
    from automl.data.tsfile import is_ts, open_ts

    if is_ts(next(unpacked(path, limit=limit), b"")):
        source = open_source(path, media_type=None, unpacked_limit=limit)
        return open_ts(source, modality=Modality.SERIES, labelled=False)
    table = open_table(path, media_type=None, unpacked_limit=limit)
    if not is_long(table.names, labelled=False):
        return None
    beside = path.with_name
    long = understood(table, labelled=False)
    return open_long(long, limit=limit, scratch=lambda ending: beside(path.name + ending))


def _joined(file: ArrayFile, item: Input) -> Values:
    blocks, rows = [], 0
    for block in file.blocks():
        rows += len(block.values)
        _check_count(rows, item)
        blocks.append(fitted(block.values, item))
    return np.concatenate([np.zeros((0, *item.shape), item.dtype), *blocks])


def _pictures(files: Iterable[tuple[str, bytes]], count: int, item: Input) -> Values:
    from automl.data.pixels import decode
    from automl.data.survey import UNREADABLE

    channels = item.shape[2] if len(item.shape) == 3 else 1
    if item.kind is not ColumnKind.IMAGE or channels not in {1, 3, 4}:
        raise Misfit(f"takes {_wanted(item)}, not image files; send {_files(item)}.")
    if np.dtype(item.dtype).kind not in "iu":
        raise Misfit(
            f"takes {item.dtype}, whose scale an image file does not tell; send JSON or .npz."
        )
    _check_count(count, item)
    values = np.zeros((count, *item.shape), item.dtype)
    for row, (name, content) in enumerate(files):
        try:
            pixels = decode(content, item.shape[0], item.shape[1], channels)
        except UNREADABLE:
            raise _broken(name) from None
        values[row] = pixels.reshape(item.shape)
    return values


def _array(cell: object) -> Values:
    """Return nested lists as an array of numbers, NaN for None."""
    try:
        values = np.asarray(cell)
    except (ValueError, OverflowError):
        raise Misfit("takes lists of numbers, all of one length.") from None
    if values.dtype == object:
        bad = next((x for x in values.flat if not _is_number(x)), None)
        if bad is not None:
            raise Misfit(f"takes numbers, not {type(bad).__name__}.")
        try:
            return values.astype(np.float64)
        except OverflowError:
            raise Misfit("takes numbers that a float can be.") from None
    if values.dtype.kind not in "biuf":
        what = "text" if values.dtype.kind in "US" else values.dtype.name
        raise Misfit(f"takes numbers, not {what}.")
    return values


def _is_number(value: object) -> bool:
    return value is None or isinstance(value, int | float | np.number)


def _shaped(values: Values, item: Input) -> Values:
    given = values.shape[1:]
    if given == item.shape:
        return values
    if values.shape == (0,):  # a list of no rows has no other axes
        return values.reshape((0, *item.shape))
    # Without an axis of one channel, which is first in series and last in all else.
    first = item.kind is ColumnKind.SERIES
    if len(given) == len(item.shape) - 1 and item.shape[0 if first else -1] == 1:
        values = np.expand_dims(values, 1 if first else -1)
        given = values.shape[1:]
    if given == item.shape:
        return values
    shorter = first and len(given) == 2 and given[0] == item.shape[0] and given[1] > 0
    if shorter and given[1] < item.shape[1] and np.dtype(item.dtype).kind == "f":
        whole = np.full((len(values), *item.shape), np.nan)
        whole[:, :, : given[1]] = values
        return whole
    shown = described(("n", *given)) if given else "single numbers"
    raise Misfit(f"takes {_wanted(item)}, not {shown}.")


def _typed(values: Values, item: Input) -> Values:
    dtype = np.dtype(item.dtype)
    if values.dtype == dtype and dtype.kind != "f":
        return values
    if dtype.kind == "f":
        with np.errstate(over="ignore"):  # what is too large for the dtype is infinite, so missing
            out = values.astype(dtype)
        lacking = ~np.isfinite(out)
        return np.where(lacking, dtype.type(_missing(item)), out) if lacking.any() else out
    if values.dtype.kind == "f":
        values = np.where(np.isfinite(values), values, 0)
    first, last = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    least, most = (values.min(initial=0), values.max(initial=0))
    if least < first or most > last or (values != np.floor(values)).any():
        raise Misfit(f"takes whole numbers from {first} to {last} ({dtype.name}).")
    return values.astype(dtype)


def _missing(item: Input) -> float:
    return math.nan if item.kind is ColumnKind.SERIES else 0.0


def _check_count(rows: int, item: Input) -> None:
    row_bytes = math.prod(item.shape) * np.dtype(item.dtype).itemsize
    if rows * row_bytes > MOST_BYTES:
        raise InvalidRows(
            f"{rows:,} rows of {described(item.shape)} are too many at once; send at most "
            f"{MOST_BYTES // row_bytes:,}."
        )


def _wanted(item: Input) -> str:
    return f"arrays of the shape {described(('n', *item.shape))}"


def _refusal(problem: Misfit, item: Input) -> InvalidRows:
    message = f"{item.name!r} {problem}"
    return InvalidRows(message, errors=(Detail(message, field=item.name),))


def _files(item: Input) -> str:
    if item.kind is ColumnKind.SERIES:
        return "JSON, .npz with X, .ts or a long table"
    return (
        "JSON, .npz with X, or images" if item.kind is ColumnKind.IMAGE else "JSON or .npz with X"
    )
