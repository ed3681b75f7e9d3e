"""What all answers share."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """A part of an answer. Numbers that are not finite become null."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


Item = TypeVar("Item", bound=View)


class ListView(View, Generic[Item]):
    """One page of a list; ``next_cursor`` leads to the next one, null ends it."""

    items: Sequence[Item]
    next_cursor: str | None = None


def at(moment: float) -> str:
    """Return seconds since the epoch in RFC 3339, UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def at_or_none(moment: float | None) -> str | None:
    """Return `at`, or None for none."""
    return None if moment is None else at(moment)
