"""Lists: how many items a page has, and the cursor that leads to the next."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Query

from automl.core.errors import InvalidCursor
from automl.core.ids import looks_like_id
from automl.core.ports import TrialPlace

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_OFFSET = 2**31


class HasId(Protocol):
    """What a list by id holds."""

    @property
    def id(self) -> str:
        """The id."""


Item = TypeVar("Item")
Item_co = TypeVar("Item_co", bound=HasId, covariant=True)


class Find(Protocol[Item_co]):
    """What reads a list from the store."""

    def __call__(self, *, before: str | None, limit: int) -> Sequence[Item_co]:
        """Return at most ``limit`` items older than the id ``before``, the newest first."""


Limit = Annotated[
    int, Query(ge=1, description=f"Items a page; above {MAX_LIMIT} is taken as {MAX_LIMIT}.")
]
CursorText = Annotated[str | None, Query(description="The `next_cursor` of the page before.")]


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is asked for."""

    limit: int
    cursor: str | None

    def newest(self, scope: str, find: Find[Item_co]) -> tuple[Sequence[Item_co], str | None]:
        """Return the page's items, the newest first, and the cursor to the next page if any.

        Raises:
            InvalidCursor: the cursor is none of the list ``scope``.
        """
        before = read_id(scope, self.cursor)
        page, more = split(find(before=before, limit=self.limit + 1), self.limit)
        return page, write(scope, page[-1].id) if more else None

    def slice(self, scope: str, items: Sequence[Item]) -> tuple[Sequence[Item], str | None]:
        """Return the page of a list that is at hand whole, and the cursor to the next if any.

        Raises:
            InvalidCursor: the cursor is none of the list ``scope``.
        """
        offset = read_offset(scope, self.cursor)
        page, more = split(items[offset:], self.limit)
        return page, write(scope, offset + self.limit) if more else None


async def _window(limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None) -> Window:
    return Window(clamp(limit), cursor)


WindowDep = Annotated[Window, Depends(_window)]


def clamp(limit: int) -> int:
    """Return how many items a page holds when ``limit`` are wished for."""
    return min(limit, MAX_LIMIT)


def split(items: Sequence[Item], limit: int) -> tuple[Sequence[Item], bool]:
    """Return the page of ``limit`` items, and whether there are more of them."""
    return items[:limit], len(items) > limit


def write(scope: str, position: str | int | TrialPlace) -> str:
    """Return an opaque cursor to the items behind ``position`` of the list ``scope``."""
    content = json.dumps(position).encode()
    return base64.urlsafe_b64encode(_seal(scope, content) + content).decode().rstrip("=")


def read_id(scope: str, cursor: str | None) -> str | None:
    """Return the id that `write` was given. Raises `InvalidCursor`."""
    if cursor is None:
        return None
    position = _read(scope, cursor)
    if not isinstance(position, str) or not looks_like_id(position):
        raise InvalidCursor
    return position


def read_offset(scope: str, cursor: str | None) -> int:
    """Return the offset that `write` was given. Raises `InvalidCursor`."""
    if cursor is None:
        return 0
    position = _read(scope, cursor)
    if not isinstance(position, int) or not 0 <= position < MAX_OFFSET:
        raise InvalidCursor
    return position


def read_place(scope: str, cursor: str | None) -> TrialPlace | None:
    """Return the place that `write` was given. Raises `InvalidCursor`."""
    if cursor is None:
        return None
    match _read(scope, cursor):
        case [None | float() as value, int(number)] if 0 <= number < MAX_OFFSET:
            return value, number
        case _:
            raise InvalidCursor


def _read(scope: str, cursor: str) -> object:
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        seal, content = sealed[:8], sealed[8:]
        if seal != _seal(scope, content):
            raise InvalidCursor
        position: object = json.loads(content)
    except (ValueError, binascii.Error):
        raise InvalidCursor from None
    return position


def _seal(scope: str, content: bytes) -> bytes:
    # Not a secret: a checksum that binds a cursor to its list, whose items are the tenant's own.
    return hashlib.blake2b(scope.encode() + b"\0" + content, digest_size=8).digest()
