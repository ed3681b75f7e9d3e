"""Which delimiter a file is written with."""

import re
from itertools import islice

from automl.core.errors import DatasetUnreadable, Detail
from automl.data.records import Malformed, records

DELIMITERS = (b",", b";", b"\t", b"|")
NONE = b"\0"
"""Stands for the delimiter of a single column: no text holds it."""
_MOST_RECORDS = 500
_SAID = re.compile(rb'"?sep=(?P<mark>[^\w\s"]|\t)(?P=mark)*"?(?:\r\n|\n|\r|\Z)', re.IGNORECASE)


def said_delimiter(sample: bytes) -> tuple[bytes | None, int]:
    """Return the delimiter that a first line `sep=;` names, and how many bytes that line has.

    Excel obeys it; a program that takes it for a row fills it up with delimiters. None and 0 where
    a file does not begin so.

    Raises:
        DatasetUnreadable: it names something that delimits no cells here.
    """
    found = _SAID.match(sample)
    if found is None:
        return None, 0
    if found["mark"] not in DELIMITERS:
        mark = found["mark"].decode()
        raise DatasetUnreadable(
            f"The first line says that {mark!r} stands between cells; write the file with a comma, "
            "a semicolon, a tab or a bar (|) there.",
            errors=(Detail(f"{mark!r} is no delimiter that is read.", line=1),),
        )
    return found["mark"], found.end()


def find_delimiter(sample: bytes, *, final: bool, media_type: str | None) -> bytes:
    """Return the delimiter of the file that begins with ``sample``.

    It stands in the header, and most rows have as many cells with it as the header has; of several
    such the one with the most cells wins. Where the header holds none, the file is a single column,
    unless every row has the same number of cells with one of them: then the header is at fault.

    Args:
        sample: whole lines are not needed.
        final: whether the sample is all of the file.
        media_type: ``text/tab-separated-values`` settles a tie.
    """
    preferred = b"\t" if "tab-sep" in (media_type or "") else b","
    scores = {mark: _score(sample, mark, final=final) for mark in (*DELIMITERS, NONE)}
    return max(scores, key=lambda mark: (*scores[mark], mark == preferred))


def _score(sample: bytes, delimiter: bytes, *, final: bool) -> tuple[float, int]:
    """Return how well the rows fit the header (below 0: it is one cell), and its width."""
    if delimiter == NONE:
        return (-1.0, 1)
    widths: list[int] = []
    try:
        for record in islice(records(sample, delimiter, final=final), _MOST_RECORDS):
            widths += [len(record.cells)] if not record.blank else []
    except Malformed:
        widths.append(0)  # a row that fits no header
    header, body = widths[:1], widths[1:]
    if header == [1]:
        return (-0.5, 1) if len(set(body)) == 1 and body[0] > 1 else (-2.0, 1)
    if not header or header == [0]:
        cells = sample.split(b"\n", 1)[0].count(delimiter) + 1
        return (0.0, cells) if cells > 1 else (-2.0, 0)  # a quote is at fault, not the delimiter
    return (sum(width == header[0] for width in body) / len(body) if body else 1.0, header[0])
