"""A byte of the store, flipped as a failing disk would."""

import hashlib

from automl.core.ports import Store
from automl.store import SqlStore
from automl.store.tables import artifacts, chunks


def flip(store: Store, artifact_id: str, *, at: int = 0, hidden: bool = False) -> None:
    """Flip the lowest bit of byte ``at`` of an artifact.

    Args:
        store: an SQL store.
        artifact_id: whose bytes.
        at: which of them; negative from the end.
        hidden: the chunk's own digest is made to fit, so that only the digest of the whole tells.
    """
    assert isinstance(store, SqlStore)
    with store.database.write() as tx:
        query = chunks.select().where(chunks.c.artifact_id == artifact_id).order_by(chunks.c.seq)
        found = tx.writer.execute(query).all()
        assert found, "the artifact has no bytes"
        whole = sum(len(chunk.data) for chunk in found)
        place = at % whole
        for chunk in found:
            if place < len(chunk.data):
                data = bytearray(chunk.data)
                data[place] ^= 1
                values = {"data": bytes(data)}
                if hidden:
                    values["sha256"] = hashlib.sha256(data).hexdigest()  # type: ignore[assignment]
                here = (chunks.c.artifact_id == artifact_id) & (chunks.c.seq == chunk.seq)
                tx.writer.execute(chunks.update().where(here).values(**values))
                return
            place -= len(chunk.data)


def flip_all(store: Store) -> int:
    """Flip a byte of every artifact there is, and return how many there are."""
    assert isinstance(store, SqlStore)
    with store.database.transaction() as tx:
        found = tx.reader.execute(artifacts.select().where(artifacts.c.bytes > 0)).all()
    for artifact in found:
        flip(store, artifact.id, at=artifact.bytes // 2)
    return len(found)
