"""A supervised program: started, restarted with a growing pause, stopped."""

import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from automl.settings import Settings
from tests.workers.fakes import eventually
from workers import part as part_module
from workers import process
from workers.part import Part

SLEEPER = "import time; time.sleep(60)"


def make(code: str) -> Part:
    return Part("it", [sys.executable, "-c", code], Settings().child_environment())


@pytest.fixture
def sleeper() -> Iterator[Part]:
    part = make(SLEEPER)
    yield part
    part.kill()


def test_it_starts_once(sleeper: Part) -> None:
    assert sleeper.tend() is None
    first = sleeper._process
    assert sleeper.running
    sleeper.tend()
    assert sleeper._process is first


def test_a_death_is_told_once_and_made_good(sleeper: Part) -> None:
    sleeper.tend()
    assert sleeper._process is not None
    sleeper._process.kill()
    eventually(lambda: not sleeper.running)
    assert sleeper.tend() == -9
    assert sleeper.tend() is None  # not due yet
    assert not sleeper.running
    eventually(lambda: sleeper.tend() is None and sleeper.running)


def test_the_pause_grows_for_what_dies_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_module, "FIRST_PAUSE_SECONDS", 0.05)
    part = make("raise SystemExit(7)")
    part._pause = 0.05
    ends: list[float] = []
    while len(ends) < 4:
        if part.tend() == 7:
            ends.append(time.monotonic())
        time.sleep(0.002)
    assert ends[3] - ends[2] > 0.2  # 0.05, 0.1, 0.2
    assert part._pause == pytest.approx(0.8)


def test_it_is_asked_first(sleeper: Part) -> None:
    sleeper.tend()
    sleeper.stop()
    eventually(lambda: not sleeper.running)


def test_a_machine_is_shared_by_its_slots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "cores", lambda: 6)
    monkeypatch.setattr(process, "_GPUS", tmp_path / "none")
    assert process.slots(0) == 6
    assert process.slots(3) == 3
    assert process.device(2) == "cpu"
    _gpus(monkeypatch, tmp_path, 2)
    assert process.slots(0) == 2
    assert [process.device(index) for index in range(3)] == ["cuda:0", "cuda:1", "cuda:0"]


@pytest.mark.parametrize(
    ("shown", "count"), [("", 0), ("-1", 0), ("2", 1), ("0, GPU-8f1c", 2), ("0,-1,1", 1)]
)
def test_gpus_are_those_that_are_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shown: str, count: int
) -> None:
    _gpus(monkeypatch, tmp_path, 4)
    assert process.gpus() == 4
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    assert process.gpus() == count


def test_there_is_no_gpu_for_a_torch_without_cuda(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _gpus(monkeypatch, tmp_path, 2)
    monkeypatch.setattr(metadata, "version", lambda _: "2.13.0+cpu")
    assert process.device(0) == "cpu"


def _gpus(monkeypatch: pytest.MonkeyPatch, folder: Path, count: int) -> None:
    """Let the machine have so many GPUs, and torch know them."""
    for index in range(count):
        (folder / "gpus" / str(index)).mkdir(parents=True)
    monkeypatch.setattr(process, "_GPUS", folder / "gpus")
    monkeypatch.setattr(metadata, "version", lambda _: "2.13.0")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_the_memory_share_obeys_the_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(process, "_CGROUP_LIMIT", limit)
    whole = process.memory_share(1)
    limit.write_text("max\n")
    assert process.memory_share(1) == whole
    limit.write_text(f"{1 << 30}\n")
    assert process.memory_share(2) == int(process.MEMORY_SHARE * (1 << 29))
