"""Stored bytes: 1 MiB chunk rows, content-addressed per tenant, at constant memory.

Shape: an artifact is ``writing`` until its last commit makes it ``ready``; only then is it found.
Every chunk carries its own digest, so that any part read is verified; a whole read checks the
digest of the whole too. Stored bytes need not outlive a power cut before something refers to them:
the commit that does makes all earlier ones durable with itself.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import bindparam, exc, insert, select, update

from automl.core.errors import ArtifactCorrupt, NotFound, Unavailable
from automl.core.ids import new_id
from automl.core.model import Artifact
from automl.store import rows
from automl.store.clock import now
from automl.store.database import Database, Transaction
from automl.store.links import UNREFERENCED_SECONDS
from automl.store.room import check_room
from automl.store.tables import artifacts, chunks

CHUNK = 1024 * 1024
COMMIT = 4
"""Chunks a transaction: a writer of gigabytes must not keep others waiting."""

_ADD = insert(artifacts)
_ADD_CHUNK = insert(chunks)
_CHANGE = update(artifacts).where(artifacts.c.id == bindparam("artifact_id"))
_KEEP_TWIN = (
    update(artifacts)
    .where(
        artifacts.c.tenant == bindparam("owner"),
        artifacts.c.media_type == bindparam("type"),
        artifacts.c.sha256 == bindparam("digest"),
        artifacts.c.state == "ready",
    )
    .values(kept_until=now() + UNREFERENCED_SECONDS)
    .returning(artifacts)
)


class SqlArtifacts:
    """Bytes in the database, so that a cluster needs no shared disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, tenant: str, media_type: str, content: Iterable[bytes]) -> Artifact:
        """Store the bytes of ``content`` and return their artifact.

        Unreferenced artifacts are swept after an hour.

        Raises:
            DiskFull: there is no room; what was written is removed.
        """
        upload = _Upload(self._database, tenant, media_type)
        try:
            for batch in _batches(content):
                upload.write(batch)
            return upload.finish()
        except BaseException:
            upload.abandon()
            raise

    def get(self, artifact_id: str) -> Artifact:
        """Return what is known of the bytes.

        Raises:
            NotFound: there is no such artifact.
        """
        query = select(artifacts).where(artifacts.c.id == artifact_id, artifacts.c.state == "ready")
        with self._database.transaction() as tx:
            row = tx.reader.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"there is no artifact {artifact_id!r}")
        return rows.artifact(row)

    def read(self, artifact_id: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from ``start`` up to ``end``, a chunk at a time.

        Raises:
            NotFound: there is no such artifact.
            ArtifactCorrupt: stored bytes do not match their digest.
        """
        artifact = self.get(artifact_id)
        end = artifact.bytes if end is None else min(end, artifact.bytes)
        whole = hashlib.sha256()
        for seq in range(start // CHUNK, -(-end // CHUNK) if end > start else 0):
            data = self._chunk(artifact, seq)
            whole.update(data)
            yield data[max(0, start - seq * CHUNK) : end - seq * CHUNK]
        if start == 0 and end == artifact.bytes and whole.hexdigest() != artifact.sha256:
            raise ArtifactCorrupt(f"artifact {artifact_id} does not match its digest")

    def _chunk(self, artifact: Artifact, seq: int) -> bytes:
        query = select(chunks.c.sha256, chunks.c.data).where(
            chunks.c.artifact_id == artifact.id, chunks.c.seq == seq
        )
        with self._database.transaction() as tx:
            row = tx.reader.execute(query).first()
        size = min(CHUNK, artifact.bytes - seq * CHUNK)
        if row is None or len(row.data) != size or _digest(row.data) != row.sha256:
            raise ArtifactCorrupt(f"chunk {seq} of artifact {artifact.id} is damaged")
        return bytes(row.data)


class _Upload:
    """One artifact on its way in."""

    def __init__(self, database: Database, tenant: str, media_type: str) -> None:
        self._database = database
        self._tenant = tenant
        self._media_type = media_type
        self._id = ""
        self._whole = hashlib.sha256()
        self._bytes = 0
        self._held: list[bytes] = []
        self._written = 0

    def write(self, batch: list[bytes]) -> None:
        """Take the next chunks; those before them are stored."""
        if self._held:
            with self._database.write(lasting=False) as tx:
                self._store(tx)
        self._held = batch

    def finish(self) -> Artifact:
        """Store the last chunks and make the artifact ready, or find that it is there already."""
        for data in self._held:
            self._hash(data)
        try:
            with self._database.write(lasting=False) as tx:
                if (twin := self._twin(tx)) is None:
                    self._store(tx, hashed=True)
                    return self._ready(tx)
        except exc.IntegrityError:  # a twin became ready between the look and the commit
            with self._database.write() as tx:
                if (twin := self._twin(tx)) is None:
                    raise
        self.abandon()
        return twin

    def abandon(self) -> None:
        """Have what was written swept soon."""
        self._held = []
        if self._written:
            with suppress(Unavailable), self._database.write() as tx:
                tx.writer.execute(
                    update(artifacts)
                    .where(artifacts.c.id == self._id, artifacts.c.state == "writing")
                    .values(kept_until=now())
                )

    def _hash(self, data: bytes) -> None:
        self._whole.update(data)
        self._bytes += len(data)

    def _store(self, tx: Transaction, *, hashed: bool = False) -> None:
        moment = tx.now()
        until = moment + UNREFERENCED_SECONDS
        if not self._id:
            self._id = new_id("art", moment)
        if not self._written:
            tx.writer.execute(_ADD, self._row("writing", until))
        else:
            self._update(tx, kept_until=until)
        check_room(tx, sum(map(len, self._held)))
        values = [self._chunk(place, data) for place, data in enumerate(self._held)]
        for value in values:  # one at a time: a parameter list of 4 MiB is copied as a whole
            tx.writer.execute(_ADD_CHUNK, value)
        if not hashed:
            for data in self._held:
                self._hash(data)
        self._written += max(1, len(values))

    def _chunk(self, place: int, data: bytes) -> dict[str, Any]:
        seq = self._written + place
        return {"artifact_id": self._id, "seq": seq, "sha256": _digest(data), "data": data}

    def _row(self, state: str, until: float) -> dict[str, Any]:
        return {
            "id": self._id,
            "tenant": self._tenant,
            "media_type": self._media_type,
            "state": state,
            "sha256": "",
            "bytes": 0,
            "kept_until": until,
        }

    def _ready(self, tx: Transaction) -> Artifact:
        sha256 = self._whole.hexdigest()
        self._update(tx, state="ready", sha256=sha256, bytes=self._bytes)
        return Artifact(self._id, self._tenant, sha256, self._bytes, self._media_type)

    def _update(self, tx: Transaction, **values: Any) -> None:
        tx.writer.execute(_CHANGE, {"artifact_id": self._id, **values})

    def _twin(self, tx: Transaction) -> Artifact | None:
        """Return the ready artifact of the same bytes, kept for another hour."""
        content = {"owner": self._tenant, "type": self._media_type}
        content["digest"] = self._whole.hexdigest()
        row = tx.writer.execute(_KEEP_TWIN, content).mappings().first()
        return None if row is None else rows.artifact(row)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _batches(content: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Regroup pieces of any size into lists of up to four chunks; at least one list."""
    batch: list[bytes] = []
    for chunk in _chunks(content):
        batch.append(chunk)
        if len(batch) == COMMIT:
            yield batch
            batch = []
    if batch:
        yield batch


def _chunks(content: Iterable[bytes]) -> Iterator[bytes]:
    buffer = bytearray()
    for piece in content:
        view = memoryview(piece)
        while view:
            taken = view[: CHUNK - len(buffer)]
            buffer += taken
            view = view[len(taken) :]
            if len(buffer) == CHUNK:
                yield bytes(buffer)
                buffer.clear()
    if buffer:
        yield bytes(buffer)
