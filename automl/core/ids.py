"""Identifiers: opaque, prefixed, sortable by creation (``ds_…``, ``st_…``, ``mdl_…``)."""

import re
import secrets
from typing import Literal

Prefix = Literal["ds", "st", "mdl", "art", "key"]

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: sorts as its values do
_TIME, _RANDOM = 11, 12  # digits: microseconds until the year 3111, and 60 random bits
_SHAPE = re.compile(r"[a-z]{2,4}_[0-9a-z]{1,40}", re.ASCII)


def new_id(prefix: Prefix, at: float) -> str:
    """Return a new identifier that sorts after those of earlier times.

    Args:
        prefix: What the identifier names.
        at: Seconds since the epoch, on the database's clock.
    """
    return f"{prefix}_{_encode(int(at * 1e6), _TIME)}{_encode(secrets.randbits(60), _RANDOM)}"


def looks_like_id(text: str) -> bool:
    """Return whether ``text`` could be one of ours; anything else need not reach the store."""
    return _SHAPE.fullmatch(text) is not None


def _encode(number: int, digits: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(digits)))
