"""Keeping a process light: some libraries load others wherever these are installed."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


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
