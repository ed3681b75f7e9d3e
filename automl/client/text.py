"""Names that others chose, made safe to show: a terminal obeys what is written to it."""

import re

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])|\x9b[0-?]*[ -/]*[@-~]"
)


def plain(text: str) -> str:
    r"""Return text without control sequences, and a space for whatever else cannot be seen.

    >>> plain("\x1b[31mred\x1b[0m\x07 and\nblue \u202etxt"), plain("\x1b]0;title\x07x")
    ('red  and blue  txt', 'x')
    """
    return "".join(c if c.isprintable() else " " for c in _ESCAPES.sub("", text))
