"""HTML and SVG by function calls: what is not markup already is escaped, so no name can do harm.

>>> tag("p", "a < b", tag("b", "!"), class_="x")
'<p class="x">a &lt; b<b>!</b></p>'
"""

from collections.abc import Iterable
from html import escape

from automl.core.report import Number


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = Markup | str | int | float
Attribute = str | int | float | None

_EMPTY = frozenset({"meta", "circle", "line", "path", "polyline", "rect", "img"})


def tag(name: str, /, *children: Child | Iterable[Child], **attributes: Attribute) -> Markup:
    """Return an element; children and attributes are escaped unless they are `Markup`.

    Underscores in attribute names become hyphens; a trailing one goes (``class_``).
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: Child | Iterable[Child]) -> Markup:
    """Return the children one after the other."""
    parts: list[str] = []
    for child in children:
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, (str, int, float)):
            parts.append(escape(_text(child)))
        else:
            parts.append(join(*child))
    return Markup("".join(parts))


def user(text: str | int, *, most: int = 80) -> Markup:
    """Return words of the user's data: kept apart from ours, whichever way they are written."""
    shown = _text(text)
    return tag("bdi", shown if len(shown) <= most else f"{shown[: most - 1]}…")


def figure(value: Number, *, digits: int = 4) -> str:
    """Return a number as people read it, a dash for none."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if 10**digits <= abs(float(f"{value:.{digits}g}")) < 1e12:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def _text(value: Child) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "".join(char if char.isprintable() or char in "\n\u00a0" else " " for char in str(value))
