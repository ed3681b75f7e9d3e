"""sktime's .ts: a series a line, its dimensions set apart by colons, its label last.

Lengths may differ, and values be missing (``?``). The file is read twice: how long the longest is
and how many dimensions there are is known only at the end.

Reference: Bagnall et al., "The UEA multivariate time series classification archive" (2018).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from automl.core.catalog import Modality
from automl.core.errors import DatasetUnreadable, Detail
from automl.data import arrays
from automl.data.arrayfile import ArrayFile, Block, check_padded
from automl.data.modality import mismatch
from automl.data.source import Source

_BLOCK = 8 << 20
_MOST_LINE = 64 << 20
_MISSING = frozenset({"?", "nan", "na", ""})
_SHOWN = 60
_TAGS = frozenset({
    b"@problemname", b"@timestamps", b"@missing", b"@univariate", b"@dimension", b"@dimensions",
    b"@equallength", b"@serieslength", b"@classlabel", b"@targetlabel",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Head:
    """What the lines before ``@data`` say; ``last`` is the last of them."""

    labelled: bool
    last: int


@dataclass(frozen=True, slots=True)
class _Size:
    channels: int
    steps: int
    rows: int


def is_ts(head: bytes) -> bool:
    """Return whether a text that begins so is a .ts file: its first line that says anything does.

    ARFF looks alike, and is told by its first word.
    """
    for line in head.splitlines():
        text = line.removeprefix(b"\xef\xbb\xbf").strip().lower()
        if text and not text.startswith((b"#", b"%")):
            return text.split()[0] in _TAGS
    return False


def open_ts(source: Source, *, modality: Modality | None, labelled: bool = True) -> ArrayFile:
    """Return the series of the file, which must be ``labelled`` unless they are to be predicted.

    Raises:
        DatasetUnreadable: no series, no labels, or lines that differ in their dimensions.
    """
    if modality not in {None, Modality.SERIES}:
        raise mismatch(modality or Modality.TABLE, "a .ts file of series", "series")
    head = _head(source)
    if labelled and not head.labelled:
        raise _unlabelled(head.last)
    size = _size(source, head)
    return ArrayFile(
        format="ts",
        modality=Modality.SERIES,
        shape=(size.channels, size.steps),
        dtype="float32",
        names=(arrays.TARGET,) if head.labelled else (),
        blocks=partial(_blocks, source, head, size),
    )


def _head(source: Source) -> _Head:
    labelled, last = False, 0
    for number, line in _lines(source):
        last = number
        words = line.split()
        tag = words[0].lower() if words else ""
        if tag == "@data":
            break
        if tag in {"@classlabel", "@targetlabel"}:
            labelled = len(words) > 1 and words[1].lower() == "true"
        if tag == "@timestamps" and words[1:2] and words[1].lower() == "true":
            raise _bad(number, "Series with time stamps are not read; write their values alone.")
        if tag and not tag.startswith(("@", "#", "%")):
            raise _bad(number, "Before the series a line @data is needed.")
    return _Head(labelled, last)


def _size(source: Source, head: _Head) -> _Size:
    channels = rows = steps = 0
    for number, dimensions, _ in _series(source, head):
        channels = channels or len(dimensions)
        if len(dimensions) != channels:
            raise _bad(number, f"{len(dimensions)} dimensions instead of {channels}.")
        rows += 1
        steps = max(steps, *(dimension.count(",") + 1 for dimension in dimensions))
    if not rows:
        raise _bad(head.last, "No series follow.")
    check_padded(rows, channels, steps, limit=source.unpacked_limit)
    return _Size(channels, steps, rows)


def _blocks(source: Source, head: _Head, size: _Size) -> Iterator[Block]:
    most = max(1, _BLOCK // (4 * size.channels * size.steps))
    values = np.full((most, size.channels, size.steps), np.nan, np.float32)
    labels: list[str] = []
    for number, dimensions, label in _series(source, head):
        for channel, dimension in enumerate(dimensions):
            cells = _numbers(dimension, number)
            values[len(labels), channel, : len(cells)] = cells
        labels.append(label)
        if len(labels) == most:
            yield Block(values, {arrays.TARGET: labels})
            values, labels = np.full_like(values, np.nan), []
    if labels:
        yield Block(values[: len(labels)], {arrays.TARGET: labels})


def _series(source: Source, head: _Head) -> Iterator[tuple[int, Sequence[str], str]]:
    """Yield each series' line, its dimensions as text, and its label."""
    for number, line in _lines(source):
        text = line.strip()
        if number <= head.last or not text or text.startswith("#"):
            continue
        dimensions = text.split(":")
        label = dimensions.pop() if head.labelled else ""
        if not dimensions:
            raise _bad(number, f"No colon sets a label apart: {text[:_SHOWN]}")
        label = label.strip()
        yield number, dimensions, "" if label.lower() in _MISSING else label


def _numbers(text: str, line: int) -> npt.NDArray[np.float32]:
    cells = text.split(",")
    try:
        return np.array(cells, np.float64).astype(np.float32)
    except ValueError:
        return np.array([_number(cell.strip(), line) for cell in cells], np.float32)


def _number(cell: str, line: int) -> float:
    if cell.lower() in _MISSING:
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        raise _bad(line, f"{cell[:_SHOWN]!r} is no number.") from None


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the lines and their numbers."""
    number, held = 0, b""
    for chunk in source.chunks():
        *lines, held = (held + chunk).split(b"\n")
        for line in lines:
            number += 1
            yield number, line.decode()
        if len(held) > _MOST_LINE:
            raise _bad(number + 1, f"The line has more than {_MOST_LINE >> 20} MiB.")
    if held:
        yield number + 1, held.decode()


def _unlabelled(line: int) -> DatasetUnreadable:
    return DatasetUnreadable(
        "The .ts file has no labels; it needs @classLabel true and the classes, or @targetLabel"
        " true, and a label at each line's end.",
        errors=(Detail("no @classLabel or @targetLabel that is true", line=line or 1),),
    )


def _bad(line: int, message: str) -> DatasetUnreadable:
    return DatasetUnreadable(f"Line {line}: {message}", errors=(Detail(message, line=line),))
