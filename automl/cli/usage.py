"""What is wrong with an option's value, in words of the command line.

Typer lets pydantic read the values and passes on what it says, which is meant for programmers.
"""

import re
from typing import Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

_WORDS = (
    (re.compile(r"Value error, (.*)", re.DOTALL), r"\1"),
    (re.compile(r"Input should be a valid integer, .*"), "a whole number is needed."),
    (re.compile(r"Input should be greater than or equal to (.+)"), r"\1 or more is needed."),
    (re.compile(r"Input should be less than or equal to (.+)"), r"\1 or less is needed."),
)


class Commands(TyperGroup):
    """The commands, which refuse values in plain words."""

    @override
    def invoke(self, ctx: Any) -> Any:  # Typer keeps the type of a context to itself
        try:
            return super().invoke(ctx)
        except typer.BadParameter as refusal:
            refusal.message = plainly(refusal.message)
            raise


def plainly(message: str) -> str:
    """Return what pydantic says of a value, for those who typed it."""
    for said, words in _WORDS:
        if found := said.fullmatch(message):
            return found.expand(words)
    return message
