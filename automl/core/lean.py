"""Keeping a process light: some libraries load others wherever these are installed."""

import ctypes
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_ARENAS = 2

_MADV_DONTNEED = 4
_LIBRARY = re.compile(
    r"^(?P<first>[0-9a-f]+)-(?P<last>[0-9a-f]+) r-[-x]p \S+ \S+ [1-9]\d* +\S.*\.so[.\d]*$",
    re.MULTILINE,
)
"""How ``maps`` and ``smaps`` begin to tell of a library that is only read. Other files may be gone,
and something else in their place, before one has looked."""

_OWN = re.compile(r"^(?:Anonymous|Swap): +(\d+) kB$", re.MULTILINE)
"""What ``smaps`` tells of a mapping's pages that are no file's, and then of those swapped out."""

_PLAIN: dict[str, bool] = {}
"""Of libraries' mappings, whether they equal their files to the byte: they stay as they are found.
A fork knows what its parent has found."""

_USUAL = {_M_TRIM_THRESHOLD: 64 << 20, _M_MMAP_THRESHOLD: 32 << 20}
"""Bytes: what glibc itself goes up to, once something as large has been freed."""
_KEEPING = {_M_TRIM_THRESHOLD: 1 << 30, _M_MMAP_THRESHOLD: 80 << 20}
"""So much may lie free, and whatever is not larger than that comes from it."""


def with_few_arenas() -> None:
    """Have a process of many threads keep little of what they have freed. glibc only.

    Each thread that allocates gets an arena of its own, and an arena hardly ever shrinks: while a
    gigabyte came in, the API grew by 16 MB with as many arenas as it liked and by 7 MB with two.
    """
    _set({_M_ARENA_MAX: _ARENAS})


@contextmanager
def keeping_freed() -> Iterator[None]:
    """Have memory that is freed meanwhile serve what is allocated next. glibc only.

    Each step of a network frees what the last one made, a hundred megabytes and more, which glibc
    gives back to the machine and takes again, every page of it cleared: a seventh of the time of
    convolutions over small images. What is asked for is then hardly ever new.
    """
    _set(_KEEPING)
    try:
        yield
    finally:
        _set(_USUAL)


def give_back() -> None:
    """Give the machine back what this process freed. glibc only.

    A heap shrinks from its top alone: whatever small thing was made after a forest keeps its 200 MB
    in this process otherwise. It takes a few milliseconds, and more the more there is to give.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Have packages look as if they were not installed, for what is loaded meanwhile.

    Many a library loads what would only dress it up wherever that is there, and keeps it.
    """
    finder = _Absent(*packages)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def without_pandas() -> None:
    """Have pandas look as if it were not installed, in a process that is wholly ours.

    Arrow loads it at the first list that becomes an array, to ask whether the list is pandas', and
    scikit-learn and LightGBM wherever there is one. That takes half a second and 25 to 40 MB.
    """
    sys.meta_path.insert(0, _Absent("pandas"))


def without_redis() -> None:
    """Have Redis' client look as if it were not installed, in a process that is wholly ours.

    Optuna loads it for a storage that nothing here has: 6 MB.
    """
    sys.meta_path.insert(0, _Absent("redis"))


def without_pools() -> None:
    """Have Arrow take its memory from the C library, in a process that is wholly ours.

    Its own allocator keeps what was freed, and no trimming reaches that: after a plan for 30,000
    rows of 24 columns 50 MB in the API, and 40 MB in each child that prepared them. To be called
    before Arrow is loaded.

    Nor does that allocator start its thread then, for which no process could be forked any more.
    """
    os.putenv("ARROW_DEFAULT_MEMORY_POOL", "system")
    os.putenv("JE_ARROW_MALLOC_CONF", "background_thread:false")


def with_pools() -> None:
    """Have Arrow take its memory from its own allocator again, which a parent may have refused it.

    Its reader of CSV asks for a whole block of each column before it knows how long that is. The
    allocator cuts off the rest where it lies; to the C library's heap it is lost.
    """
    os.unsetenv("ARROW_DEFAULT_MEMORY_POOL")


@contextmanager
def for_pandas() -> Iterator[None]:
    """Have something stand in for a pandas that is kept out, for a library that insists on it.

    What is imported meanwhile finds the types that a caller's data might be of. None is.
    """
    kept_out = any(isinstance(each, _Absent) and "pandas" in each.names for each in sys.meta_path)
    if not kept_out or "pandas" in sys.modules:  # loaded before it was kept out
        yield
        return
    standing_in = ModuleType("pandas")
    for name in ("DataFrame", "Series"):
        setattr(standing_in, name, type(name, (), {}))
    sys.modules["pandas"] = standing_in
    try:
        yield
    finally:
        del sys.modules["pandas"]


@contextmanager
def deferring(*modules: str) -> Iterator[None]:
    """Have modules load when something of them is first used, for what is loaded meanwhile.

    Many a library takes a function or two out of one that is ten times as large as what it uses of
    it. A part that was taken can be called, and has the parts that the real one has; a class to
    derive from it is not.
    """
    standing_in = {name: _deferred(name) for name in modules if name not in sys.modules}
    sys.modules.update(standing_in)
    try:
        yield
    finally:
        for name in standing_in:
            del sys.modules[name]


def let_go_of_files() -> None:
    """Let go of the pages that hold what libraries' files say. Linux only; in any thread.

    Whoever needs one finds it again, in the machine's cache, at no cost worth naming. Loading has
    touched far more of them than work ever will: 140 of 145 MB in the nursery. It takes 30 ms where
    there are new libraries, a sixth of that where there are none.
    """
    try:
        standing = [*_LIBRARY.finditer(_told("maps"))]
        if any(mapping[0] not in _PLAIN for mapping in standing):
            # A library that another thread is loading is one mapping at first, of which parts
            # become data. No import lets Python go on before that is over: between two looks it
            # has changed.
            found = _compared(_told("smaps"))
            _PLAIN.update({each[0]: found[each[0]] for each in standing if each[0] in found})
    except OSError:  # another system, or one that does not tell
        return
    libc = ctypes.CDLL(None)
    for mapping in standing:
        if _PLAIN.get(mapping[0], False):
            first, last = int(mapping["first"], 16), int(mapping["last"], 16)
            libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), _MADV_DONTNEED)


def _told(what: str) -> str:
    return Path("/proc/self", what).read_text(encoding="utf-8", errors="replace")


def _compared(told: str) -> dict[str, bool]:
    """Return of libraries' mappings whether they equal their files to the byte.

    Relocations are written before their pages are only read: a mapping that has any does not,
    whether they are in memory or swapped out.
    """
    return {
        mapping[0]: all(own[1] == "0" for own in islice(_OWN.finditer(told, mapping.end()), 2))
        for mapping in _LIBRARY.finditer(told)
    }


def _set(options: Mapping[int, int]) -> None:
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        for option, value in options.items():
            libc.mallopt(option, value)


def _deferred(module: str) -> ModuleType:
    """Return what stands in for a module: what is taken out of it loads it when that is used."""

    def part(name: str) -> _Part:
        if name.startswith("__"):  # only the import system asks for these
            raise AttributeError(name)
        return _Part(module, name)

    standing_in = ModuleType(module)
    vars(standing_in)["__getattr__"] = part
    return standing_in


class _Part:
    """Stands in for a part of a module; only when it is used is the module loaded."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call the part itself."""
        return self._loaded()(*given, **named)

    def __getattr__(self, name: str) -> Any:
        """Return a part of the part itself."""
        return getattr(self._loaded(), name)

    def _loaded(self) -> Any:
        return getattr(import_module(self._module), self._name)


class _Absent:
    """Says of some packages that there are none."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise for these packages, leave all others to who finds them."""
        if name in self.names:
            raise ModuleNotFoundError(f"{name} is kept out of this process", name=name)
        return None
