"""Rows and cells out of CSV bytes, one at a time: exact, and slow.

The grammar is that of Python's csv module in strict mode: a cell that begins with a quote ends
with one, quotes inside it are doubled; a quote anywhere else is a plain character. It finds the
delimiter, reads the header, explains what is wrong with a line, and parses the blocks whose quotes
the fast path is not sure of.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_UNTERMINATED = 'a quote that is never closed (write a quote inside quoted text as "")'
_AFTER_QUOTE = 'text after a closing quote (write a quote inside quoted text as "")'


@dataclass(frozen=True, slots=True)
class Record:
    """One row: where it lies in the bytes, line end included, and its cells.

    ``blank`` is an empty line: in a single column an empty cell, else no row.
    """

    start: int
    end: int
    cells: list[bytes]
    blank: bool


class Malformed(Exception):
    """The bytes at ``position`` follow no CSV grammar."""

    def __init__(self, problem: str, position: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.position = position


def records(block: bytes, delimiter: bytes, *, final: bool, begin: int = 0) -> Iterator[Record]:
    """Yield the rows of ``block``; unless it is the file's end, only those that surely end in it.

    ``begin`` is where the first of them starts.

    Raises:
        Malformed: after the last good row.
    """
    cell = _pattern(delimiter)
    size, position = len(block), begin
    while position < size:
        start, cells = position, []
        while True:
            match = cell.match(block, position)
            if match is None:
                if not final and _still_open(block, position):
                    return
                raise _malformed(block, position)
            quoted, plain, mark = match.groups()
            position = match.end()
            if not final and (not mark or (mark == b"\r" and position == size)):
                return
            cells.append(plain if quoted is None else quoted.replace(b'""', b'"'))
            if mark != delimiter:
                break
        blank = len(cells) == 1 and quoted is None and plain == b""
        yield Record(start, position, cells, blank)


def count_lines(block: bytes) -> int:
    """Return how many line ends the bytes hold: LF, CR or both together."""
    lines = block.count(b"\n")
    if b"\r" in block:
        lines += block.count(b"\r") - block.count(b"\r\n")
    return lines


def _pattern(delimiter: bytes) -> re.Pattern[bytes]:
    mark = re.escape(delimiter)
    return re.compile(
        rb'(?:"((?:[^"]++|"")*+)"|([^"\r\n' + mark + rb"][^\r\n" + mark + rb"]*+|))"
        rb"(" + mark + rb"|\r\n|\n|\r|\Z)"
    )


def _still_open(block: bytes, position: int) -> bool:
    """Whether more bytes could make the cell at ``position`` a good one."""
    end = _closing(block, position)
    return end is None or end + 1 == len(block)


def _closing(block: bytes, position: int) -> int | None:
    found = re.compile(rb'"(?:[^"]++|"")*+"').match(block, position)
    return None if found is None else found.end() - 1


def _malformed(block: bytes, position: int) -> Malformed:
    end = _closing(block, position)
    return Malformed(_UNTERMINATED, position) if end is None else Malformed(_AFTER_QUOTE, end)
