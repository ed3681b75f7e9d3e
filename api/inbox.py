"""Bodies on their way in: streamed to a folder of this process, counted and hashed meanwhile.

Each process holds a lock in its folder. A killed one leaves its folder behind; whoever starts next
finds the lock free and sweeps it away.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from anyio import to_thread

from automl.core.errors import TooLarge
from automl.service.disk import room

BUFFER = 1024 * 1024
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Received:
    """A body that has arrived whole."""

    path: Path
    bytes: int
    sha256: str


class Sink:
    """A file being received: at most ``limit`` bytes, written off the event loop."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._digest = hashlib.sha256()
        self._buffer = bytearray()
        self._size = 0

    async def write(self, data: bytes) -> None:
        """Take some bytes. Raises `TooLarge`, `DiskFull`."""
        self._size += len(data)
        if self._size > self._limit:
            raise too_large(self._limit)
        self._buffer += data
        if len(self._buffer) >= BUFFER:
            await self._flush()

    async def close(self) -> Received:
        """Return what has arrived. Raises `DiskFull`."""
        await self._flush()
        return Received(self._path, self._size, self._digest.hexdigest())

    async def _flush(self) -> None:
        data, self._buffer = self._buffer, bytearray()
        await to_thread.run_sync(self._append, data)

    def _append(self, data: bytearray) -> None:
        self._digest.update(data)
        with room(), self._path.open("ab") as file:
            file.write(data)


class Inbox:
    """The folder of received files of this process, inside ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._own: Path | None = None
        self._lock: IO[bytes] | None = None

    def open(self) -> None:
        """Sweep what killed processes left, and take a folder of our own."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._own = Path(tempfile.mkdtemp(dir=self._directory))
        self._lock = (self._own / _LOCK).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        for folder in self._directory.iterdir():
            if folder != self._own and _abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove our folder."""
        if self._own is not None and self._lock is not None:
            shutil.rmtree(self._own, ignore_errors=True)
            self._lock.close()

    @contextmanager
    def sink(self, limit: int) -> Iterator[Sink]:
        """Give a file to receive into; it is removed when the block ends."""
        if self._own is None:
            raise RuntimeError("the inbox is not open: the application's lifespan did not run")
        with room():
            handle, name = tempfile.mkstemp(dir=self._own)
        os.close(handle)
        path = Path(name)
        try:
            yield Sink(path, limit)
        finally:
            path.unlink(missing_ok=True)


async def receive(body: AsyncIterator[bytes], sink: Sink) -> Received:
    """Return the whole body as a file. Raises `TooLarge` while it streams, `DiskFull`."""
    async for chunk in body:
        await sink.write(chunk)
    return await sink.close()


def too_large(limit: int) -> TooLarge:
    """Return the error of a body above ``limit`` bytes."""
    return TooLarge(f"The body is larger than {limit} bytes, the most that is taken here.")


def _abandoned(folder: Path) -> bool:
    """Return whether no living process holds the folder's lock."""
    try:
        with (folder / _LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no lock yet: someone is about to take it, or just removed it
        return False
    return True
