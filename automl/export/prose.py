r"""Sentences in which users' words stay apart from ours, told in HTML or in Markdown alike.

>>> said = ("Always saying ", Name("a*b"), " is right about ", Strong("76 of 100"), " rows.")
>>> markdown(said)
'Always saying “a\\*b” is right about **76 of 100** rows.'
>>> html(said)
'Always saying <em><bdi>a*b</bdi></em> is right about <strong>76 of 100</strong> rows.'
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from automl.export.markup import Markup, figure, join, tag, user

MOST_CHARACTERS = 60
"""Longer names are cut."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~&-])")


@dataclass(frozen=True, slots=True)
class Name:
    """A word of the user's: a column, a class, a value."""

    text: str | float


@dataclass(frozen=True, slots=True)
class Strong:
    """What a hurried reader should see."""

    text: str


Part = str | Name | Strong
Prose = tuple[Part, ...]


def html(prose: Prose) -> Markup:
    """Return the sentence as HTML."""
    return join(_marked(part) for part in prose)


def markdown(prose: Prose) -> str:
    """Return the sentence as Markdown; users' words in it cannot act as Markdown or HTML."""
    return "".join(_written(part) for part in prose)


def plain(text: object) -> str:
    """Return a user's text with everything escaped that Markdown would heed, in one line."""
    line = "".join(char if char.isprintable() else " " for char in str(text))
    return _SPECIAL.sub(r"\\\1", line)


def listed(parts: Sequence[Part], *, last: str = " and ") -> Prose:
    """Return the parts with commas between them, ``last`` before the last."""
    found: list[Part] = []
    for place, part in enumerate(parts):
        if place:
            found.append(last if place == len(parts) - 1 else ", ")
        found.append(part)
    return tuple(found)


def _marked(part: Part) -> Markup:
    match part:
        case Name(text=text):
            return tag("em", user(_shown(text), most=MOST_CHARACTERS))
        case Strong(text=text):
            return tag("strong", text)
        case _:
            return join(part.replace(" %", "\u00a0%"))


def _written(part: Part) -> str:
    match part:
        case Name(text=text):
            shown = _shown(text)
            cut = len(shown) > MOST_CHARACTERS
            return f"“{plain(f'{shown[: MOST_CHARACTERS - 1]}…' if cut else shown)}”"
        case Strong(text=text):
            return f"**{plain(text)}**"
        case _:
            return part


def _shown(value: str | float) -> str:
    return figure(value) if isinstance(value, float) else str(value)
