"""Numbers as people write them: with a currency or per cent sign, or with thousands set apart.

How is decided once for a column, from all of its cells, and kept on it: the same cell means the
same in training, in a request and in a file of rows. ``12 %`` is the number 12.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import pyarrow as pa

from automl.data.number import MARKERS, Numbers, Reading, parse, parse_one

_SPACES = " \u00a0\u202f"
_MARKS = {"": "", ",": ",", ".": r"\.", " ": f"[{_SPACES}]", "'": "['’]"}
_CURRENCIES = "$€£¥₹"
_SIGNS = re.compile(f"[{_CURRENCIES}%]")
_POINT_SIGNS = frozenset("$£¥₹")
_FIGURE = re.compile(rf"[\s+-]*[{_CURRENCIES}]?[\s+-]*\d[\d.,'’{_SPACES}]*[{_CURRENCIES}%]?\s*")
_SAMPLE = 100


class Written(Protocol):
    """What knows how its numbers are written: a column, or an input of a model file."""

    @property
    def decimal_comma(self) -> bool:
        """Whether ``1,5`` is one and a half."""

    @property
    def thousands(self) -> str:
        """What sets thousands apart; a blank stands for any space."""

    @property
    def sign(self) -> str:
        """The currency or per cent sign before or behind a number."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a column writes its numbers."""

    decimal_comma: bool = False
    thousands: str = ""
    sign: str = ""


def numbers(cells: pa.StringArray, written: Written) -> Numbers:
    """Return the cells as numbers: ``(len(cells),)`` each."""
    if not written.sign and not written.thousands:
        return parse(cells, decimal_comma=written.decimal_comma)
    return parse(pa.array(_plain(cells.to_pylist(), written), pa.string()))


def number(cell: str, written: Written) -> float | None:
    """Return the number that the cell is, or None."""
    if not written.sign and not written.thousands:
        return parse_one(cell, decimal_comma=written.decimal_comma)
    return parse_one(_plain([cell], written)[0])


def find(values: Mapping[str, int]) -> Style | None:
    """Return the one way in which all the distinct cells are numbers, None where none or several.

    ``1,234`` alone may be 1234 or 1.234. With a sign it is what the sign's countries write:
    ``$1,234`` and ``1.234 €`` are both 1234.
    """
    cells = [cell for cell in values if cell.strip(_SPACES).lower() not in MARKERS]
    if not cells or not all(map(_FIGURE.fullmatch, islice(cells, _SAMPLE))):
        return None
    sign = _sign(cells)
    if sign is None:
        return None
    readings: dict[bytes, Style] = {}
    for thousands in _MARKS:
        for decimal_comma in (False, True):
            style = Style(decimal_comma, thousands, sign)
            if thousands == ("," if decimal_comma else ".") or not (sign or thousands):
                continue
            found = parse(pa.array(_plain(cells, style), pa.string()))
            if (found.reading == Reading.NUMBER).all():
                readings.setdefault(found.values.tobytes(), style)
    styles = list(readings.values())
    return styles[0] if len(styles) == 1 else _by_custom(cells, styles, sign)


def _sign(cells: Sequence[str]) -> str | None:
    """Return the one sign that the cells carry, empty without any; None for several."""
    found = [_SIGNS.findall(cell) for cell in cells]
    signs = {sign for some in found for sign in some}
    if len(signs) > 1 or max(map(len, found)) > 1:
        return None
    sign = next(iter(signs), "")
    if sign == "%" and any(
        not some and cell.strip() != "0" for some, cell in zip(found, cells, strict=True)
    ):
        return None  # beside 12 %, 0.5 may be a share
    return sign


def _by_custom(cells: Sequence[str], styles: Sequence[Style], sign: str) -> Style | None:
    if sign in _POINT_SIGNS and all(cell.lstrip(" +-").startswith(sign) for cell in cells):
        return next((style for style in styles if not style.decimal_comma), None)
    if sign == "€" and not any("," in cell for cell in cells):
        behind = all(cell.rstrip(_SPACES).endswith(sign) for cell in cells)
        return next((style for style in styles if style.thousands == "."), None) if behind else None
    return None


def _plain(cells: Sequence[str], written: Written) -> list[str]:
    """Return the cells with what is written in that way as plain numbers; others as they are."""
    pattern = _pattern(written)
    return [_rewritten(cell, pattern, written) for cell in cells]


def _rewritten(cell: str, pattern: re.Pattern[str], written: Written) -> str:
    match = pattern.fullmatch(cell)
    if (
        match is None
        or (match["before"] and match["behind"])
        or (match["minus"] and match["inner"])
    ):
        return "x" if written.decimal_comma and "." in cell else cell
    whole = re.sub(r"\D", "", match["whole"])
    part = f".{match['part']}" if match["part"] else ""
    return f"{match['minus'] or match['inner'] or ''}{whole}{part}"


def _pattern(written: Written) -> re.Pattern[str]:
    sign = re.escape(written.sign) if written.sign else "(?!)"
    mark, decimal = _MARKS[written.thousands], "," if written.decimal_comma else r"\."
    groups = rf"[1-9]\d{{0,2}}(?:{mark}\d{{3}})+|" if mark else ""
    return re.compile(
        rf"\s*(?P<minus>[+-])?\s*(?P<before>{sign})?\s*(?P<inner>[+-])?"
        rf"(?P<whole>{groups}0|[1-9]\d*)(?:{decimal}(?P<part>\d+))?\s*(?P<behind>{sign})?\s*",
        re.ASCII,
    )
