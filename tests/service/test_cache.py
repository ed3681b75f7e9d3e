import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from automl.core.errors import ArtifactCorrupt, NotFound
from automl.core.model import Artifact
from automl.service import cache as cache_module
from automl.service.cache import GRACE_SECONDS, LEFT_FREE, Cache


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


def kept(cache: Cache, content: bytes) -> Path:
    return cache.keep(memoryview(content))


def test_equal_bytes_are_kept_once(tmp_path: Path) -> None:
    one, other = (Cache(tmp_path, FakeArtifacts()) for _ in range(2))
    first = kept(one, b"hello")
    number = first.stat().st_ino
    assert kept(other, b"hello") == first
    assert (first.read_bytes(), first.stat().st_ino) == (b"hello", number)
    assert list(tmp_path.iterdir()) == [first]


def test_bytes_that_were_damaged_are_kept_anew(tmp_path: Path) -> None:
    cache = Cache(tmp_path, FakeArtifacts())
    kept(cache, b"hello").write_bytes(b"he")
    assert kept(cache, b"hello").read_bytes() == b"hello"


def test_of_two_that_keep_the_same_at_once_both_get_the_first_ones_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, free = Cache(tmp_path, FakeArtifacts()), shutil.disk_usage
    numbers: list[int] = []

    def slow(path: Path) -> object:
        monkeypatch.setattr(shutil, "disk_usage", free)
        numbers.append(kept(first, b"hello").stat().st_ino)  # while the second is about to write
        return free(path)

    monkeypatch.setattr(shutil, "disk_usage", slow)
    assert kept(Cache(tmp_path, FakeArtifacts()), b"hello").stat().st_ino == numbers[0]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_came_between_the_look_and_the_writing_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, look = Cache(tmp_path, FakeArtifacts()), cache_module._touch
    opened: list[BinaryIO] = []

    def late(path: Path, sha256: str) -> bool:
        monkeypatch.setattr(cache_module, "_touch", look)
        there = look(path, sha256)
        opened.append(kept(first, b"hello").open("rb"))  # as one that maps it
        return there

    monkeypatch.setattr(cache_module, "_touch", late)
    path = kept(Cache(tmp_path, FakeArtifacts()), b"hello")
    with opened[0] as file:
        assert os.path.samestat(os.fstat(file.fileno()), path.stat())


def test_what_is_kept_leaves_the_disk_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=LEFT_FREE + 4)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    cache = Cache(tmp_path, FakeArtifacts())
    assert kept(cache, b"four").exists()
    with pytest.raises(OSError, match="space"):
        kept(cache, b"fives")


def test_who_was_killed_while_writing_left_nothing_that_anyone_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Nothing runs after it."""

    def killed(*_: object) -> None:
        raise Killed

    cache = Cache(tmp_path, FakeArtifacts())
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", killed)
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        with pytest.raises(Killed):
            kept(cache, b"hello")
    (left,) = tmp_path.iterdir()
    _age(left, 2 * GRACE_SECONDS)
    assert kept(cache, b"hello").read_bytes() == b"hello"
    assert not left.exists()
