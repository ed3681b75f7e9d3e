"""A worksheet's XML as rows of text cells, in one pass that keeps nothing.

openpyxl knows a workbook's parts, strings and date formats; its reader of sheets builds an object
for every element and takes many times as long.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import IO, Any, TypeAlias
from xml.parsers import expat

from openpyxl.utils.datetime import from_excel, from_ISO8601

from automl.data.blocks import LONGEST_ROW
from automl.data.package import Damaged

Row: TypeAlias = list[str | None]
"""The cells of a row from column A on: None where nothing is, the empty string for an error."""

_CHUNK = 1 << 16
_SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_ROW, _CELL, _VALUE, _TEXT, _PHONETIC = (_SPACE + name for name in ("row", "c", "v", "t", "rPh"))


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """What the cells of a workbook refer to: texts by number, styles of dates, the day 0."""

    strings: Sequence[str]
    dates: Set[int]
    durations: Set[int]
    epoch: datetime


def rows(file: IO[bytes], book: Book, faults: dict[str, int]) -> Iterator[tuple[int, Row]]:
    """Yield the rows that a sheet has, with their numbers from 1.

    Args:
        file: the XML.
        book: the workbook that it is of.
        faults: error cells by what they show, counted as they are met.

    Raises:
        Damaged: no XML, or rows in no order.
        ValueError: a cell that says what it cannot hold; and others that `int` and the like raise.
    """
    reader = _Reader(book, faults)
    try:
        while chunk := file.read(_CHUNK):
            reader.parser.Parse(chunk, False)
            yield from reader.take()
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Damaged from error
    yield from reader.take()


def written(value: Any) -> str:
    """Return a cell's value as text; dates in ISO 8601, without a time where it is midnight."""
    match value:
        case float():
            return repr(value)
        case datetime():
            midnight = value.time() == time()
            return value.date().isoformat() if midnight else value.isoformat()
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


@dataclass(slots=True, eq=False)
class _Reader:
    """The state between two events of the parser: where it stands, and what it has read."""

    book: Book
    faults: dict[str, int]
    parser: Any = field(init=False)
    done: list[tuple[int, Row]] = field(default_factory=list)
    row: Row = field(default_factory=list)
    number: int = 0
    column: int = 0
    kind: str = ""
    style: int = 0
    inside: str = ""
    """The element whose text is the cell's value, while it is open."""
    phonetic: bool = False
    parts: list[str] | None = None
    columns: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.StartDoctypeDeclHandler = _refuse

    def take(self) -> list[tuple[int, Row]]:
        done, self.done = self.done, []
        return done

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == _CELL:
            self.column = self.place(attributes["r"]) if "r" in attributes else self.column + 1
            self.kind = attributes.get("t", "n")
            self.style = int(attributes.get("s", 0))
            self.parts = None
        elif name == (_TEXT if self.kind == "inlineStr" else _VALUE) and not self.phonetic:
            self.inside = name
            self.parts = self.parts or []
        elif name == _ROW:
            number = int(attributes.get("r", self.number + 1))
            if number <= self.number:
                raise Damaged
            self.number, self.column, self.row = number, 0, []
        elif name == _PHONETIC:
            self.phonetic = True

    def text(self, text: str) -> None:
        if self.inside and self.parts is not None:
            self.parts.append(text)

    def end(self, name: str) -> None:
        if name == self.inside:
            self.inside = ""
        elif name == _CELL:
            if (value := self.value()) is not None:
                row = self.row
                row += [None] * (self.column - len(row))
                row[self.column - 1] = value
        elif name == _ROW:
            self.done.append((self.number, self.row))
        elif name == _PHONETIC:
            self.phonetic = False

    def place(self, reference: str) -> int:
        """Return the column of such as ``AB12``."""
        letters = reference.rstrip("0123456789")
        if (column := self.columns.get(letters)) is None:
            column = 0
            for letter in letters:
                column = column * 26 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(letter.upper()) + 1
            if not 0 < column <= 1 << 14:  # as many as a sheet has
                raise Damaged
            self.columns[letters] = column
        return column

    def value(self) -> str | None:
        """Return what the cell holds as text, None for nothing."""
        text = None if self.parts is None else "".join(self.parts)
        if not text and (text is None or self.kind != "inlineStr"):
            return None
        match self.kind:
            case "n":
                text = self.number_of(text)
            case "s":
                text = self.book.strings[int(text)]
            case "b":
                text = "true" if int(text) else "false"
            case "e":
                text = self.fault(text)
            case "d":
                text = written(from_ISO8601(text))
        if len(text) > LONGEST_ROW:
            raise Damaged
        return text

    def number_of(self, text: str) -> str:
        """Return a number, or the date that it is shown as."""
        number = float(text) if "." in text or "e" in text or "E" in text else int(text)
        if self.style not in self.book.dates:
            return written(number)
        try:
            duration = self.style in self.book.durations
            return written(from_excel(number, self.book.epoch, timedelta=duration))
        except (OverflowError, ValueError):
            return self.fault("#VALUE!")

    def fault(self, text: str) -> str:
        """Count an error; it means that nothing is known."""
        shown = text[:20]
        self.faults[shown] = self.faults.get(shown, 0) + 1
        return ""


def _refuse(*_: object) -> None:
    raise Damaged
