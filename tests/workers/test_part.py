"""A supervised program: started, restarted with a growing pause, stopped."""

import errno
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from automl.settings import Settings
from tests.workers.fakes import eventually
from workers import embedded, process
from workers import part as part_module
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


def test_what_lived_long_is_started_again_at_once(
    sleeper: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper.tend()
    first = sleeper._process
    assert first is not None
    monkeypatch.setattr(part_module, "STEADY_SECONDS", 0.0)
    first.kill()
    eventually(lambda: not sleeper.running)
    assert sleeper.tend() == -9
    assert sleeper.running
    assert sleeper._process is not first


def test_it_says_when_it_is_due(sleeper: Part) -> None:
    assert sleeper.due_in == 0.0
    sleeper.tend()
    assert sleeper.due_in == math.inf
    sleeper.kill()
    sleeper.tend()
    assert 0.0 < sleeper.due_in <= part_module.FIRST_PAUSE_SECONDS


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


def test_a_start_that_fails_ends_nothing_and_is_tried_again(
    sleeper: Part, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "no more processes")

    ours, theirs = socket.socketpair()
    with ours, theirs, monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", full)
        theirs.send(bytes([signal.SIGTERM]))
        embedded._supervise([sleeper], ours, answers=lambda: False, ready=lambda: None)
    assert "part.unstarted" in capfd.readouterr().err
    assert 0.0 < sleeper.due_in <= part_module.FIRST_PAUSE_SECONDS
    eventually(lambda: sleeper.tend() is None and sleeper.running)


def test_it_does_not_outlive_a_supervisor_that_ended_as_it_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = make("")
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 1)  # as if somebody else had become its parent
        part.tend()
    eventually(lambda: not part.running)
    assert part.tend() == 1


def test_it_is_asked_first(sleeper: Part) -> None:
    sleeper.tend()
    sleeper.stop()
    eventually(lambda: not sleeper.running)


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
