"""What texts are cut into: words, with or without other signs, or characters, and their numbers.

Training and the model file cut alike: the same regular expression in Python's ``re`` and in the RE2
of ONNX Runtime's ``Tokenizer`` (they differ in letters that Unicode added after 14 only), and lower
case for ASCII. Of other letters every spelling seen in training is known.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl.core.frame import Ints
from automl.core.graph import MICROSOFT, Graph

Unit = Literal["words", "tokens", "characters", "masked"]
"""Words alone; words, and each other visible sign by itself; characters; and characters of which
all digits are one, for of a number seldom more than its form is seen twice."""

BITS: dict[Unit, int] = {"words": 31, "tokens": 31, "characters": 12, "masked": 12}
"""So many of a kind are known that their numbers fit into so many bits."""

MOST_CHARACTERS = 1_000
"""Characters are cut from the beginning of a text only: RE2 repeats no more."""

_SINGLE = (
    (0x0E00, 0x0E7F), (0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)  # fmt: skip
"""Signs of scripts without spaces."""

_BLANK = (
    (0x0, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x1680, 0x1680), (0x2000, 0x200F), (0x2028, 0x202F),
    (0x205F, 0x206F), (0x3000, 0x3000), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
)  # fmt: skip
"""Spaces, controls, and what only changes the look of the sign before it."""

_DIGITS = "0123456789"


def _expression(others: Sequence[str], more: str, code: Callable[[int], str]) -> str:
    """Return the regular expression of a token.

    Args:
        others: classes, each of all that is not of a word.
        more: what words have beside.
        code: how a sign is written by its number.
    """
    single, blank = (
        "".join(f"{code(low)}-{code(high)}" for low, high in ranges) for ranges in (_SINGLE, _BLANK)
    )
    signs = "|".join(f"[^{other}{single}]" for other in others)
    return f"(?:{signs}|{more})+|[^{blank}]"


WORD = re.compile(r"[\w']+")
WORD_RE2 = r"[\p{L}\p{N}_']+"
TOKEN = re.compile(_expression([r"\W"], "'", lambda code: rf"\U{code:08x}"))
TOKEN_RE2 = _expression([r"\P{L}", r"\P{N}"], "[_']", lambda code: rf"\x{{{code:x}}}")


def alike(unit: Unit, token: str) -> str:
    """Return the token as all are written that count as one."""
    return "0" if unit == "masked" and token.isdecimal() else token.lower()


def numbered(unit: Unit, texts: Sequence[str]) -> dict[str, int]:
    """Number every spelling in the texts from 1; those that are `alike` share a number."""
    known: dict[str, int] = {}
    numbers: dict[str, int] = {}
    for token in _seen(unit, texts):
        known[token] = numbers.setdefault(alike(unit, token), len(numbers) + 1)
    if unit == "masked" and "0" in numbers:
        known |= dict.fromkeys(_DIGITS, numbers["0"])
    most = (1 << BITS[unit]) - 1  # of thousands of different signs the first ones are kept
    return {token: number for token, number in known.items() if number <= most}


def identified(unit: Unit, texts: Sequence[str], known: dict[str, int]) -> tuple[Ints, Ints]:
    """Return the numbers of all texts' units, one behind the other, and whose they are.

    A unit that is not ``known`` has 0.
    """
    if unit in _PATTERNS:
        cut = [_PATTERNS[unit].findall(text) for text in texts]
        found = map(known.get, chain.from_iterable(cut), repeat(0))
        sizes = [len(tokens) for tokens in cut]
        ids = np.fromiter(found, np.int64, count=sum(sizes))
    else:
        sizes = [min(len(text), MOST_CHARACTERS) for text in texts]
        numbers = np.zeros(sys.maxunicode + 1, np.int64)
        numbers[[ord(sign) for sign in known]] = list(known.values())
        ids = numbers[_points(texts)]
    return ids, np.repeat(np.arange(len(sizes)), sizes)


def lower(text: str) -> str:
    """Return the text with its ASCII letters in lower case, as the graph has it."""
    return text.encode().lower().decode()


def emit_lower(graph: Graph, texts: str) -> str:
    """Write ``lower`` to the graph: strings, n × 1, with one more row at the end: ``aa``.

    That row has a word and a run, so that every table of tokens has a width.
    """
    more = graph.shared("Concat", texts, graph.constant([["aa"]]), axis=0)
    flat = graph.shared("Reshape", more, graph.constant([-1], np.int64))
    small = graph.shared("StringNormalizer", flat, case_change_action="LOWER", locale="C")
    return graph.shared("Reshape", small, graph.constant([-1, 1], np.int64))


def emit(graph: Graph, texts: str, unit: Unit) -> str:
    """Write the units of the texts, n × 1: n × as many as the longest has, "" behind the end."""

    def cut(cells: str, **how: Any) -> str:
        return graph.shared(
            "Tokenizer", cells, domain=MICROSOFT, mark=0, mincharnum=1, pad_value="", **how
        )

    def flat(cells: str, axis: int) -> str:
        return graph.shared("Squeeze", cells, graph.constant([axis], np.int64))

    if unit in _EXPRESSIONS:
        return flat(cut(texts, tokenexp=_EXPRESSIONS[unit]), 1)
    start = cut(texts, tokenexp=f"^(?s:.{{1,{MOST_CHARACTERS}}})")
    return flat(cut(flat(start, 2), separators=[""]), 1)


_PATTERNS: dict[Unit, re.Pattern[str]] = {"words": WORD, "tokens": TOKEN}
_EXPRESSIONS: dict[Unit, str] = {"words": WORD_RE2, "tokens": TOKEN_RE2}


def _seen(unit: Unit, texts: Sequence[str]) -> Iterable[str]:
    """Return the different units of the texts, the first one first."""
    if unit in _PATTERNS:
        find = _PATTERNS[unit].findall
        return dict.fromkeys(token for text in texts for token in find(text))
    points, first = np.unique(_points(texts), return_index=True)
    return map(chr, points[np.argsort(first)].tolist())


def _points(texts: Sequence[str]) -> npt.NDArray[np.uint32]:
    """Return the code points of the texts' beginnings, one behind the other."""
    joined = "".join(text[:MOST_CHARACTERS] for text in texts)
    return np.frombuffer(joined.encode("utf-32-le"), np.uint32)
