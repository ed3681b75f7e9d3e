"""Stored bytes on both databases: the right ones, at constant memory, while they are needed."""

import hashlib
import os
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from automl.core.catalog import FamilyName
from automl.core.errors import ArtifactCorrupt, NotFound
from automl.core.ports import Artifacts
from automl.core.trial import Candidate
from automl.store import SqlStore, ends
from automl.store.tables import artifacts, chunks
from tests.store import values

MIB = 1024 * 1024
SIZES = [0, 1, 1000, MIB - 1, MIB, MIB + 1, 4 * MIB, 4 * MIB + 1, 9 * MIB - 7]


def whole(store: SqlStore, artifact_id: str) -> bytes:
    return b"".join(store.artifacts.read(artifact_id))


def test_bytes_come_back_whole_and_in_parts(store: SqlStore) -> None:
    for size in SIZES:
        content = os.urandom(size)
        pieces = [content[at : at + 300_001] for at in range(0, size, 300_001)]
        stored = store.artifacts.put("default", "application/x-a", pieces)
        assert (stored.bytes, stored.sha256) == (size, hashlib.sha256(content).hexdigest())
        assert store.artifacts.get(stored.id) == stored
        assert whole(store, stored.id) == content
        for start, end in [
            (0, 1),
            (5, 5),
            (9, 3),
            (size // 2, None),
            (MIB - 2, MIB + 2),
            (1, size),
        ]:
            part = b"".join(store.artifacts.read(stored.id, start, end))
            assert part == content[start:end]


def test_equal_bytes_are_stored_once_a_tenant(store: SqlStore) -> None:
    one = values.put(store, b"same")
    assert values.put(store, b"same") == one
    assert values.put(store, b"same", "other").id != one.id
    assert store.artifacts.put("default", "text/csv", [b"same"]).media_type == "text/csv"


def test_equal_bytes_at_once_become_one(store: SqlStore) -> None:
    content = os.urandom(5 * MIB)
    barrier = threading.Barrier(4)

    def put(_: int) -> str:
        barrier.wait(10)
        return values.put(store, content).id

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(put, range(4)))
    assert len(ids) == 1
    assert whole(store, ids.pop()) == content
    store.leases.reap()
    with store.database.transaction() as tx:
        assert tx.reader.execute(select(func.count()).select_from(artifacts)).scalar() == 1
        assert tx.reader.execute(select(func.count()).select_from(chunks)).scalar() == 5


@pytest.mark.parametrize("seq", [0, 1, 2])
def test_a_flipped_byte_is_detected(store: SqlStore, seq: int) -> None:
    stored = values.put(store, os.urandom(2 * MIB + 100))
    here = (chunks.c.artifact_id == stored.id, chunks.c.seq == seq)
    with store.database.write() as tx:
        data = bytearray(tx.writer.execute(select(chunks.c.data).where(*here)).scalar_one())
        data[50] ^= 1
        tx.writer.execute(chunks.update().where(*here).values(data=bytes(data)))
    with pytest.raises(ArtifactCorrupt):
        whole(store, stored.id)
    with pytest.raises(ArtifactCorrupt):
        list(store.artifacts.read(stored.id, seq * MIB, seq * MIB + 1))
    other = (seq + 1) % 2 if seq < 2 else 0
    assert len(b"".join(store.artifacts.read(stored.id, other * MIB, other * MIB + 9))) == 9


def test_swapped_chunks_are_detected(store: SqlStore) -> None:
    stored = values.put(store, os.urandom(2 * MIB))
    mine = chunks.c.artifact_id == stored.id
    with store.database.write() as tx:
        for old, new in ((0, 7), (1, 0), (7, 1)):
            tx.writer.execute(chunks.update().where(mine, chunks.c.seq == old).values(seq=new))
    with pytest.raises(ArtifactCorrupt):
        whole(store, stored.id)


def test_a_missing_chunk_is_detected(store: SqlStore) -> None:
    stored = values.put(store, os.urandom(2 * MIB))
    with store.database.write() as tx:
        tx.writer.execute(chunks.delete().where(chunks.c.seq == 1))
    with pytest.raises(ArtifactCorrupt):
        whole(store, stored.id)


def test_memory_stays_constant(store: SqlStore) -> None:
    piece = os.urandom(MIB)

    def content() -> Iterator[bytes]:
        for n in range(40):
            yield n.to_bytes(4, "big") + piece[4:]

    tracemalloc.start()
    stored = store.artifacts.put("default", "application/x-big", content())
    size = sum(len(part) for part in store.artifacts.read(stored.id))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 40 * MIB
    assert peak < 20 * MIB


def test_a_broken_upload_leaves_nothing(store: SqlStore) -> None:
    def content() -> Iterator[bytes]:
        yield os.urandom(9 * MIB)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.artifacts.put("default", "application/x-a", content())
    assert store.leases.reap() == 1
    with store.database.transaction() as tx:
        assert tx.reader.execute(select(func.count()).select_from(chunks)).scalar() == 0


def test_a_missing_artifact_is_not_found(store: SqlStore) -> None:
    with pytest.raises(NotFound):
        store.artifacts.get("art_none")
    with pytest.raises(NotFound):
        list(store.artifacts.read("art_none"))


def test_unreferenced_bytes_are_swept_after_an_hour(store: SqlStore) -> None:
    loose = values.put(store, os.urandom(40 * MIB))
    dataset = values.add_dataset(store)
    values.age(store, 3590)
    store.leases.reap()
    assert store.artifacts.get(loose.id) == loose
    values.put(store, b"x")
    values.age(store, 20)
    assert store.leases.reap() == 1
    with pytest.raises(NotFound):
        store.artifacts.get(loose.id)
    values.age(store, 7200)
    store.leases.reap()
    assert whole(store, dataset.source)
    assert whole(store, dataset.table)


def test_storing_the_same_again_keeps_it_another_hour(store: SqlStore) -> None:
    first = values.put(store, b"again")
    values.age(store, 3599)
    assert values.put(store, b"again") == first
    values.age(store, 3599)
    assert store.leases.reap() == 0
    assert whole(store, first.id) == b"again"


def test_a_replaced_checkpoint_is_swept_at_once(store: SqlStore) -> None:
    values.add_study(store)
    held = values.attempt(store)
    old, new = (values.put(store, name) for name in (b"old", b"new"))
    store.leases.checkpoint(held, old.id)
    store.leases.checkpoint(held, new.id)
    store.leases.checkpoint(held, new.id)
    assert store.leases.reap() == 1
    assert_gone(store.artifacts, old.id)
    store.leases.prune(held, 0.1)
    assert store.leases.reap() == 1
    assert_gone(store.artifacts, new.id)


def assert_gone(stored: Artifacts, artifact_id: str) -> None:
    with pytest.raises(NotFound):
        stored.get(artifact_id)


def test_the_best_hundred_trials_keep_their_arrays(store: SqlStore) -> None:
    study = values.add_study(store, seconds=600, trials=None)
    scores = [(n * 37 % 104) // 2 for n in range(104)]  # pairs of equal values
    for n, score in enumerate(scores):
        held = values.attempt(store)
        store.leases.complete(held, values.outcome(store, score / 100, mark=str(n)))
    with store.unit() as unit:
        kept = unit.trials.arrays(study.id)
        best = unit.trials.list(
            study.id, sort="value", maximize=True, state=None, after=None, limit=100
        )
    assert sorted(kept) == sorted(trial.number for trial in best)
    worst = sorted(range(104), key=lambda n: (-scores[n], n))[100:]
    assert set(range(104)) - set(kept) == set(worst)
    values.age(store, 3601)
    assert store.leases.reap() > 0
    for _ in range(9):
        store.leases.reap()
    for out_of_fold, fitted in kept.values():
        assert whole(store, out_of_fold)
        assert whole(store, fitted)
    with store.unit() as unit:
        assert unit.gauges()["artifacts"]["stored"] == 200 + 2


def test_the_best_of_a_family_keeps_its_arrays_however_far_behind(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "KEPT_TRIALS", 3)
    study = values.add_study(store, seconds=600, trials=None)
    for n, name in enumerate(["linear", "linear", *["mlp"] * 5]):
        held = values.attempt(store, candidate=Candidate(FamilyName(name)))
        store.leases.complete(held, values.outcome(store, 0.1 * n, mark=str(n)))
    with store.unit() as unit:
        assert sorted(unit.trials.arrays(study.id)) == [1, 4, 5, 6]


def test_a_result_needs_its_arrays(store: SqlStore) -> None:
    study = values.add_study(store)
    held = values.attempt(store)
    lost = replace(values.outcome(store, 0.5), fitted="art_none")
    with pytest.raises(NotFound):
        store.leases.complete(held, lost)
    assert values.check(store, study).best_trial is None
