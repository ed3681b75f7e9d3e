"""Local copies of artifacts, by digest, and other bytes that processes of a machine share.

Artifacts live in the SQL store so that a cluster needs no shared disk; whoever reads one twice
keeps a copy. Several processes may share a directory: a copy appears whole, by a rename, or not at
all, and one that vanishes or was damaged is fetched again.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from automl.core.errors import ArtifactCorrupt
from automl.core.model import Artifact
from automl.core.ports import Artifacts
from automl.service.disk import room

GIB = 1024**3
LEFT_FREE = GIB
"""Bytes of the disk that what is only kept to be shared leaves to the store and to others."""

GRACE_SECONDS = 600.0
"""A copy handed out this recently is not evicted: its reader may not have opened it yet."""


class Cache:
    """Copies under ``directory``, the least recently used of them removed above ``limit`` bytes."""

    def __init__(self, directory: Path, artifacts: Artifacts, *, limit: int = 4 * GIB) -> None:
        self._directory = directory
        self._artifacts = artifacts
        self._limit = limit

    def path(self, artifact_id: str) -> Path:
        """Return the path of a verified local copy, to be opened soon and never written to.

        Raises:
            NotFound: there is no such artifact.
            ArtifactCorrupt: the stored bytes do not match their digest.
            DiskFull: there is no room for the copy.
        """
        artifact = self._artifacts.get(artifact_id)
        target = self._directory / artifact.sha256
        if not _touch(target, artifact.sha256):
            with room():
                self._directory.mkdir(parents=True, exist_ok=True)
                self._fetch(artifact, target)
            self._evict(keep=target)
        return target

    def keep(self, content: memoryview) -> Path:
        """Return the path of a file of these bytes, to be opened soon and never written to.

        Whoever keeps the same bytes, at the same time too, gets the same file: pages of it that
        several processes map are in memory once.

        Raises:
            OSError: they cannot be kept: the disk is full, or knows no links.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        target = self._directory / sha256
        if not _touch(target, sha256):
            self._directory.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self._directory).free < content.nbytes + LEFT_FREE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            with self._temporary() as (file, temporary):
                file.write(content)
                file.close()
                try:
                    os.link(temporary, target)
                except FileExistsError:
                    if not _touch(target, sha256):  # damaged; else another process was first
                        temporary.replace(target)
            self._evict(keep=target)
        return target

    def _fetch(self, artifact: Artifact, target: Path) -> None:
        with self._temporary() as (file, temporary):
            digest = hashlib.sha256()
            for chunk in self._artifacts.read(artifact.id):
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())  # a rename may outlive the bytes when the power fails
            if digest.hexdigest() != artifact.sha256:
                raise ArtifactCorrupt
            temporary.replace(target)

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[tuple[BinaryIO, Path]]:
        """Open a file that is gone in the end under its own name; whoever is killed leaves it."""
        handle, name = tempfile.mkstemp(suffix=".tmp", dir=self._directory)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file, Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _evict(self, *, keep: Path) -> None:
        young = time.time() - GRACE_SECONDS
        copies = sorted(_copies(self._directory))
        total = sum(size for _, size, _ in copies)
        for used_at, size, path in copies:
            abandoned = path.suffix == ".tmp"  # its writer was killed
            if used_at > young or path == keep or (total <= self._limit and not abandoned):
                continue
            path.unlink(missing_ok=True)
            total -= size


def _touch(path: Path, sha256: str) -> bool:
    """Mark a whole copy as used now; False when there is none, or its bytes are others by now."""
    try:
        with path.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        if whole:
            os.utime(path)
    except FileNotFoundError:
        return False
    return whole


def _copies(directory: Path) -> list[tuple[float, int, Path]]:
    found = []
    for path in directory.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process evicted it
            stat = path.stat()
            found.append((stat.st_mtime, stat.st_size, path))
    return found
