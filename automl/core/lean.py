"""Keeping a process light: some libraries load others wherever these are installed."""

import ctypes
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_M_ARENA_MAX = -8
_ARENAS = 2


def with_few_arenas() -> None:
    """Have a process of many threads keep little of what they have freed. glibc only.

    Each thread that allocates gets an arena of its own, and an arena hardly ever shrinks: while a
    gigabyte came in, the API grew by 16 MB with as many arenas as it liked and by 7 MB with two.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give the machine back what this process freed. glibc only.

    A heap shrinks from its top alone: whatever small thing was made after a forest keeps its 200 MB
    in this process otherwise. It takes a few milliseconds, and more the more there is to give.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def without_pandas() -> None:
    """Have pandas look as if it were not installed, in a process that is wholly ours.

    Arrow loads it at the first list that becomes an array, to ask whether the list is pandas'. That
    takes half a second and 40 MB.
    """
    sys.meta_path.insert(0, _Absent("pandas"))


class _Absent:
    """Says of one package that there is none."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise for the package, leave all others to who finds them."""
        if name == self._name:
            raise ModuleNotFoundError(f"{name} is kept out of this process", name=name)
        return None
