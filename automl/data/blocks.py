"""CSV bytes as blocks of whole rows, each parsed at once: fast, and as exact as the slow reader.

Where every quote opens right after a delimiter or line end and closes right before one (or is
doubled), counting quotes tells inside from outside, and Arrow's parser reads exactly what
`automl.data.records` would. Where no quote opens a cell (``5" pipe``), all are plain characters. A
block of neither sort takes the slow reader instead.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from automl.core.errors import DatasetUnreadable, Detail
from automl.data.dialect import NONE
from automl.data.records import Malformed, count_lines, records

BLOCK = 8 << 20
"""Bytes parsed at once."""
LONGEST_ROW = 8 << 20
_MOST_ERRORS = 10
_SHOWN = 80
_LF, _CR, _QUOTE = 10, 13, 34
Bytes: TypeAlias = npt.NDArray[np.uint8]
Positions: TypeAlias = npt.NDArray[np.intp]
_STAND_IN = b"\x1f"
"""Arrow takes no NUL as a delimiter."""


class Quotes(Enum):
    """What the quotes in some bytes are."""

    AROUND_CELLS = auto()
    PLAIN = auto()
    MIXED = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows: their bytes, the line of the file they begin in, and what quotes are in them."""

    data: bytes
    line: int
    quotes: Quotes


def blocks(
    chunks: Iterator[bytes], delimiter: bytes, *, line: int, size: int = BLOCK
) -> Iterator[Block]:
    """Yield the rows of a stream of UTF-8 bytes that begins with a row, on line ``line``.

    Raises:
        DatasetUnreadable: a row is too long, or a quote out of place.
    """
    held = bytearray()
    wanted = size
    for chunk in chunks:
        held += chunk
        if len(held) < wanted:
            continue
        cut, quotes = _cut(bytes(held), delimiter, line, final=False)
        if cut == 0:
            if len(held) > LONGEST_ROW:
                raise _too_long(line)
            wanted = len(held) + size // 4  # a row longer than the block: look again later
            continue
        data = bytes(held[:cut])
        del held[:cut]
        wanted = size
        yield Block(data, line, quotes)
        line += count_lines(data)
    if held:
        cut, quotes = _cut(bytes(held), delimiter, line, final=True)
        yield Block(bytes(held), line, quotes)


def parse(block: Block, delimiter: bytes, width: int) -> pa.RecordBatch:
    """Return the block's cells: ``width`` string columns named by position.

    Empty lines are no rows, but in a single column each is an empty cell.

    Raises:
        DatasetUnreadable: with the first rows that have more or fewer cells.
    """
    slow = (
        block.quotes is Quotes.MIXED
        or (delimiter == NONE and _STAND_IN in block.data)
        or block.data.startswith(BOM_UTF8)  # Arrow takes it off every block, as if it were a file
    )
    columns = _slow(block, delimiter, width) if slow else _fast(block, delimiter, width)
    names = [str(index) for index in range(width)]
    return pa.RecordBatch.from_arrays(columns, names=names)


def _cut(data: bytes, delimiter: bytes, line: int, *, final: bool) -> tuple[int, Quotes]:
    """Return where the last whole row of ``data`` ends, and what the quotes before that are."""
    view = np.frombuffer(data, dtype=np.uint8)
    found = np.flatnonzero(view == _QUOTE) if _QUOTE in data else np.zeros(0, dtype=np.intp)
    quotes = Quotes.AROUND_CELLS
    if len(found) and not _opening(view, found, ord(delimiter)).any():
        quotes, found = Quotes.PLAIN, found[:0]
    ends = _ends(view, found, data)
    cut = len(data) if final else (int(ends[-1]) if len(ends) else 0)
    found = found[found < cut]
    if cut and not _regular(view, found, ord(delimiter), cut):
        return _cut_slowly(data, delimiter, line, final=final), Quotes.MIXED
    edges = np.concatenate([[0], ends, [cut]])
    gaps = np.diff(edges)
    if gaps.max() > LONGEST_ROW:
        raise _too_long(line + count_lines(data[: int(edges[np.argmax(gaps)])]))
    return cut, quotes


def _opening(view: Bytes, quotes: Positions, delimiter: int) -> npt.NDArray[np.bool_]:
    """Return which of the quotes stand where a cell begins, if they stand outside of others."""
    opens = _marks(delimiter)[view[quotes - 1]]
    opens[0] |= quotes[0] == 0
    return opens


def _marks(delimiter: int) -> npt.NDArray[np.bool_]:
    """Return for each byte whether a cell ends before it."""
    marks = np.zeros(256, dtype=bool)
    marks[[_LF, _CR, delimiter]] = True
    return marks


def _ends(view: Bytes, quotes: Positions, data: bytes) -> Positions:
    """Return the positions after line ends outside of quotes, by counting quotes."""
    for mark in (_LF, _CR):  # a file with CR alone is an old one
        if mark not in data:
            continue
        found = np.flatnonzero(view == mark)
        if mark == _CR:
            found = found[found < len(view) - 1]  # an LF might follow
        if len(quotes):
            found = found[np.searchsorted(quotes, found) % 2 == 0]
        if len(found):
            return found + 1
    return np.zeros(0, dtype=np.intp)


def _regular(view: Bytes, quotes: Positions, delimiter: int, cut: int) -> bool:
    """Whether the quotes are pairs around whole cells, those inside doubled."""
    if len(quotes) == 0:
        return True
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    doubled = np.append(closing[:-1] + 1 == opening[1:], False)  # the last has none after it
    opens = _opening(view, opening, delimiter) | np.roll(doubled, 1)
    closes = _marks(delimiter)[view[np.minimum(closing + 1, cut - 1)]] | doubled
    closes[-1] |= closing[-1] == cut - 1
    return bool(opens.all() and closes.all())


def _cut_slowly(data: bytes, delimiter: bytes, line: int, *, final: bool) -> int:
    cut = 0
    try:
        for record in records(data, delimiter, final=final):
            if record.end - record.start > LONGEST_ROW:
                raise _too_long(line + count_lines(data[: record.start]))
            cut = record.end
    except Malformed as error:
        raise _malformed(error, data, line) from None
    return cut


def _fast(block: Block, delimiter: bytes, width: int) -> list[pa.Array]:
    names = [str(index) for index in range(width)]
    options = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
    )
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(block.data),
            pa.csv.ReadOptions(
                use_threads=False, block_size=len(block.data) + 1, column_names=names
            ),
            pa.csv.ParseOptions(
                delimiter=(_STAND_IN if delimiter == NONE else delimiter).decode(),
                quote_char=False if block.quotes is Quotes.PLAIN else '"',
                newlines_in_values=True,
                ignore_empty_lines=width > 1,
            ),
            options,
        )
    except pa.ArrowInvalid:
        _slow(block, delimiter, width)  # says which lines are at fault
        raise
    return [column.combine_chunks() for column in table.columns]


def _slow(block: Block, delimiter: bytes, width: int) -> list[pa.Array]:
    rows: list[Sequence[bytes]] = []
    errors: list[Detail] = []
    line, last = block.line, 0
    for record in records(block.data, delimiter, final=True):
        if record.blank and width > 1:
            continue
        if len(record.cells) == width:
            rows.append(record.cells)
            continue
        line, last = line + count_lines(block.data[last : record.start]), record.start
        end = min(record.end, record.start + _SHOWN)
        shown = block.data[record.start : end].decode(errors="ignore").strip()
        message = f"{len(record.cells)} cells instead of {width}: {shown}"
        errors.append(Detail(message, line=line))
        if len(errors) == _MOST_ERRORS:
            break
    if errors:
        raise DatasetUnreadable(
            f"Line {errors[0].line} has {errors[0].message.split(':')[0]} as in the header; give "
            "every row as many, and put quotes around those that hold the delimiter.",
            errors=tuple(errors),
        )
    cells = zip(*rows, strict=True) if rows else ((),) * width
    return [pa.array(column, pa.string()) for column in cells]


def _too_long(line: int) -> DatasetUnreadable:
    what = f"longer than {LONGEST_ROW >> 20} MiB, or holds a quote that is never closed"
    return DatasetUnreadable(
        f"The row at line {line} is {what}.", errors=(Detail(f"This row is {what}.", line=line),)
    )


def _malformed(error: Malformed, data: bytes, line: int) -> DatasetUnreadable:
    line += count_lines(data[: error.position])
    return DatasetUnreadable(
        f"Line {line} holds {error.problem}.",
        errors=(Detail(f"Here stands {error.problem}.", line=line),),
    )
