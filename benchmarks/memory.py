"""The memory of a program and all that it started: shared pages counted once (PSS). Linux."""

import threading
from types import TracebackType
from typing import Self

import psutil

SECONDS = 0.5


class Watch:
    """Samples a process tree from entry to exit; ends whatever of it is left."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        """Bytes."""
        self._root = psutil.Process(pid)
        self._seen: dict[int, psutil.Process] = {pid: self._root}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self.end()

    def end(self) -> None:
        """Kill what was seen of the tree and still runs; a reused pid is somebody else's."""
        for process in self._tree() + list(self._seen.values()):
            try:
                process.kill()
            except psutil.Error:
                continue

    def _run(self) -> None:
        while not self._stop.wait(SECONDS):
            self.peak = max(self.peak, sum(map(size, self._tree())))

    def _tree(self) -> list[psutil.Process]:
        try:
            found = [self._root, *self._root.children(recursive=True)]
        except psutil.Error:
            return []
        self._seen |= {process.pid: process for process in found}
        return found


def size(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:  # it ended meanwhile
        return 0
