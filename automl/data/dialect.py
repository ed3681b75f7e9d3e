"""Which delimiter a file is written with."""

from itertools import islice

from automl.data.records import Malformed, records

DELIMITERS = (b",", b";", b"\t", b"|")
_MOST_RECORDS = 500


def find_delimiter(sample: bytes, *, final: bool, media_type: str | None) -> bytes:
    """Return the delimiter of the file that begins with ``sample``.

    It stands in the header, and most rows have as many cells with it as the header has; of several
    such the one with the most cells wins. A file without any is a single column.

    Args:
        sample: whole lines are not needed.
        final: whether the sample is all of the file.
        media_type: ``text/tab-separated-values`` settles a tie.
    """
    preferred = b"\t" if "tab-sep" in (media_type or "") else b","
    scores = {mark: _score(sample, mark, final=final) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: (*scores[mark], mark == preferred))
    return best if scores[best][1] > 1 else preferred


def _score(sample: bytes, delimiter: bytes, *, final: bool) -> tuple[float, int]:
    """Return the share of rows that fit the header, and the header's number of cells."""
    widths: list[int] = []
    try:
        for record in islice(records(sample, delimiter, final=final), _MOST_RECORDS):
            widths += [len(record.cells)] if record.cells != [b""] else []
    except Malformed:
        widths.append(0)  # a row that fits no header
    if not widths or widths[0] < 2:
        return (-1.0, 1)  # below any delimiter that stands in the header
    body = widths[1:]
    fitting = sum(width == widths[0] for width in body) / len(body) if body else 1.0
    return (fitting, widths[0])
