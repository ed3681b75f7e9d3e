"""What the processes of a service take: memory, descriptors, threads; and its temporary files."""

import contextlib
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Self

import psutil
from typing_extensions import override

from tests.e2e.service import Service
from tests.endurance.service import TEMPORARY

_PARTS = (
    ("ingest", "automl.data.ingest"),
    ("child", "workers.child"),
    ("nursery", "workers.nursery"),
    ("worker", "automl worker"),
    ("api", "automl api"),
    ("broker", "valkey"),
)
_KIB = re.compile(r"^(Pss|VmHWM):\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Weight:
    """What some processes take together; memory is proportional (PSS), in bytes."""

    processes: int = 0
    memory: int = 0
    descriptors: int = 0
    threads: int = 0

    def __add__(self, other: "Weight") -> "Weight":
        """Return both together."""
        return Weight(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Sample:
    """A service at one moment: the parts' weights, and how many files wait to be removed."""

    at: float
    parts: Mapping[str, Weight]
    files: int


def weigh(service: Service) -> dict[str, Weight]:
    """Return what each part of the service takes at this moment."""
    found: dict[str, Weight] = defaultdict(Weight)
    for process in service.family():
        with contextlib.suppress(psutil.Error, OSError):
            weight = Weight(1, pss(process.pid), process.num_fds(), process.num_threads())
            found[part(process)] += weight
    return dict(found)


def part(process: psutil.Process) -> str:
    """Return which part of a service a process is."""
    if process.name() == "child":  # a fork of the nursery, whose command line it has
        return "child"
    line = " ".join(process.cmdline())
    return next((name for name, mark in _PARTS if mark in line), "supervisor")


def pss(pid: int) -> int:
    """Return a process's proportional memory, in bytes."""
    return _kib(Path(f"/proc/{pid}/smaps_rollup"), "Pss")


def peak(pid: int) -> int:
    """Return the most memory that a process ever had resident, in bytes."""
    return _kib(Path(f"/proc/{pid}/status"), "VmHWM")


@dataclass(kw_only=True)
class _Meanwhile:
    """Watches in a thread while a block runs."""

    _over: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *why: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        """Look until `_over`."""
        raise NotImplementedError


@dataclass
class Watch(_Meanwhile):
    """Weighs a service again and again while a block runs."""

    service: Service
    seconds: float = 2.0
    samples: list[Sample] = field(default_factory=list)

    def series(self, name: str, figure: Callable[[Weight], int]) -> list[int]:
        """Return a figure of a part over time."""
        return [figure(s.parts[name]) for s in self.samples if name in s.parts]

    @override
    def _watch(self) -> None:
        temporary = [self.service.data_dir.with_name(TEMPORARY), self.service.data_dir / "inbox"]
        while not self._over.wait(self.seconds):
            files = sum(_files(folder) for folder in temporary)
            self.samples.append(Sample(time.monotonic(), weigh(self.service), files))


@dataclass
class Ingests(_Meanwhile):
    """Looks at the children that parse uploads as often as it can while a block runs."""

    service: Service
    peak: int = 0
    """The most memory that any of them had resident, in bytes."""

    @override
    def _watch(self) -> None:
        (api,) = self.service.parts("api")
        while not self._over.wait(0.004):
            for child in api.children():
                with contextlib.suppress(psutil.Error, OSError):
                    if part(child) == "ingest":
                        self.peak = max(self.peak, peak(child.pid))


def drift(series: Sequence[float]) -> float:
    """Return by how much the median of the last tenth exceeds that of the first, as a share.

    >>> drift([100.0] * 10 + [110.0] * 10)
    0.1
    """
    tenth = max(1, len(series) // 10)
    first, last = statistics.median(series[:tenth]), statistics.median(series[-tenth:])
    return round((last - first) / first, 4) if first else float(last > 0)


def tenths(series: Sequence[int]) -> str:
    """Return a series of sizes in short: the greatest of each tenth, in MB."""
    bounds = [len(series) * n // 10 for n in range(11)]
    parts = [series[a:b] for a, b in pairwise(bounds) if a < b]
    return " ".join(f"{max(part) / 1e6:.0f}" for part in parts) + " MB"


def megabytes(size: float) -> str:
    """Return a size in words."""
    return f"{size / 1e6:.1f} MB"


def _files(folder: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return sum(path.is_file() and path.name != "lock" for path in folder.rglob("*"))
    return 0


def _kib(path: Path, name: str) -> int:
    found = dict(_KIB.findall(path.read_text(encoding="ascii")))
    return int(found.get(name, 0)) * 1024
