import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from automl.core.errors import ArtifactCorrupt, NotFound
from automl.core.model import Artifact
from automl.service.cache import GRACE_SECONDS, Cache


class FakeArtifacts:
    """Artifacts in a dictionary that counts its reads."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.digests: dict[str, str] = {}
        self.reads = 0

    def put(self, tenant: str, media_type: str, content: Iterable[bytes]) -> Artifact:
        data = b"".join(content)
        artifact_id = f"a{len(self.content)}"
        self.content[artifact_id] = data
        self.digests[artifact_id] = hashlib.sha256(data).hexdigest()
        return self.get(artifact_id)

    def get(self, artifact_id: str) -> Artifact:
        if artifact_id not in self.content:
            raise NotFound
        data = self.content[artifact_id]
        return Artifact(artifact_id, "default", self.digests[artifact_id], len(data), "x/y")

    def read(self, artifact_id: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        self.reads += 1
        yield self.content[artifact_id][start:end]


def _age(path: Path, seconds: float) -> None:
    moment = path.stat().st_mtime - seconds
    os.utime(path, (moment, moment))


def test_the_second_reader_gets_the_first_copy(tmp_path: Path) -> None:
    artifacts = FakeArtifacts()
    artifact = artifacts.put("default", "x/y", [b"hello"])
    cache = Cache(tmp_path, artifacts)
    assert cache.path(artifact.id).read_bytes() == b"hello"
    assert Cache(tmp_path, artifacts).path(artifact.id).read_bytes() == b"hello"
    assert artifacts.reads == 1


def test_a_cut_copy_is_fetched_again(tmp_path: Path) -> None:
    artifacts = FakeArtifacts()
    artifact = artifacts.put("default", "x/y", [b"hello"])
    cache = Cache(tmp_path, artifacts)
    cache.path(artifact.id).write_bytes(b"he")
    assert cache.path(artifact.id).read_bytes() == b"hello"


def test_wrong_bytes_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    artifacts = FakeArtifacts()
    artifact = artifacts.put("default", "x/y", [b"hello"])
    artifacts.content[artifact.id] = b"jello"
    with pytest.raises(ArtifactCorrupt):
        Cache(tmp_path, artifacts).path(artifact.id)
    assert list(tmp_path.iterdir()) == []


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    artifacts = FakeArtifacts()
    cache = Cache(tmp_path, artifacts, limit=10)
    old, used, new = (artifacts.put("default", "x/y", [bytes([n]) * 5]) for n in range(3))
    _age(cache.path(used.id), 3 * GRACE_SECONDS)
    _age(cache.path(old.id), 4 * GRACE_SECONDS)
    abandoned = tmp_path / "killed.tmp"
    abandoned.write_bytes(b"")
    _age(abandoned, 2 * GRACE_SECONDS)
    cache.path(new.id)
    assert {path.name for path in tmp_path.iterdir()} == {used.sha256, new.sha256}


def test_what_was_just_handed_out_stays(tmp_path: Path) -> None:
    artifacts = FakeArtifacts()
    cache = Cache(tmp_path, artifacts, limit=1)
    for number in range(3):
        cache.path(artifacts.put("default", "x/y", [bytes([number])]).id)
    assert len(list(tmp_path.iterdir())) == 3
