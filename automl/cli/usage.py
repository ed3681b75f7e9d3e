"""What is wrong with an option's value, in words of the command line.

Typer lets pydantic read the values and passes on what it says, which is meant for programmers.
"""

import errno
import os
import re
from pathlib import Path
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


class TargetError(Exception):
    """What comes out of a command cannot be written where it was asked for."""


class Commands(TyperGroup):
    """The commands, which refuse values in plain words."""

    @override
    def invoke(self, ctx: Any) -> Any:  # Typer keeps the type of a context to itself
        try:
            return super().invoke(ctx)
        except typer.BadParameter as refusal:
            refusal.message = plainly(refusal.message)
            raise


def check_target(file: Path) -> None:
    """Return if a file can be written there: asked before the work, which would else be lost.

    Raises:
        TargetError: it cannot; says why.
    """
    why = _hindrance(file.resolve())  # a link may lead to a file that is not there yet
    if why is not None:
        raise TargetError(f"--out: {file} cannot be written ({why}); name a file in another folder")


def plainly(message: str) -> str:
    """Return what pydantic says of a value, for those who typed it."""
    for said, words in _WORDS:
        if found := said.fullmatch(message):
            return found.expand(words)
    return message


def _hindrance(place: Path) -> str | None:
    """Return why no file can be written there, None where one can."""
    try:
        if place.is_dir():
            return "it is a folder"
        if place.exists():
            return None if os.access(place, os.W_OK) else os.strerror(errno.EACCES)
        place.touch()
        place.unlink()
    except OSError as error:
        return error.strerror
    return None
