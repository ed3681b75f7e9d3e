"""Tables for a notebook, and cells as people read them, wherever they stand."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from automl.client.text import plain


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "") -> str:
    """Return an HTML table in which whatever names hold is text.

    >>> table(["<b>"], [[0.123456789]])
    '<table><thead><tr><th>&lt;b&gt;</th></tr></thead><tbody><tr><td>0.12346</td></tr></tbody></table>'
    """
    head = "".join(f"<th>{escape(plain(name))}</th>" for name in headings)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(shown(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    title = f"<caption>{escape(plain(caption))}</caption>" if caption else ""
    thead = f"<thead><tr>{head}</tr></thead>" if any(headings) else ""
    return f"<table>{title}{thead}<tbody>{body}</tbody></table>"


def paragraph(text: str) -> str:
    """Return text as an HTML paragraph.

    >>> paragraph("a < b")
    '<p>a &lt; b</p>'
    """
    return f"<p>{escape(plain(text))}</p>"


def shown(value: object) -> str:
    """Return a cell's text: short numbers, nothing for none, no control characters."""
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else plain(str(value))


def words(params: Mapping[str, object]) -> str:
    """Return hyperparameters in a line.

    >>> words({"layers": 2, "dropout": 0.123456})
    'layers=2 dropout=0.12346'
    """
    return " ".join(f"{plain(name)}={shown(value)}" for name, value in params.items())


def lines(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    r"""Return a table as lines of text, its columns aligned.

    >>> print(lines(["#", "family"], [[0, "linear"], [12, "mlp"]]))
     #  family
     0  linear
    12  mlp
    """
    cells = [list(map(plain, headings)), *([shown(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    last = len(widths) - 1
    return "\n".join(
        "  ".join(c if i == last else c.rjust(widths[i]) for i, c in enumerate(row))
        for row in cells
    )
