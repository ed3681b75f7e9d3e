"""What every doorbell must do: wake a listener, never raise, never wait."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from automl.core.ports import Doorbell
from tests import servers
from tests.stopwatch import Stopwatch
from workers import celery_app
from workers.queue import CeleryDoorbell

HEARD_SECONDS = 10.0
PATIENCE_SECONDS = 0.5


@pytest.fixture(params=["unix", "tcp"])
def url(request: pytest.FixtureRequest, valkey: servers.Valkey) -> str:
    return valkey.unix_url if request.param == "unix" else valkey.tcp_url


@pytest.fixture
def own() -> Iterator[servers.Valkey]:
    """A broker that a test may take away."""
    with servers.valkey() as server:
        yield server


class Ear:
    """Hears bells as a worker does, in a process of its own."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tests.workers.ear", url]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)

    def heard(self, seconds: float = HEARD_SECONDS) -> bool:
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], seconds)
        return bool(readable) and os.read(self.process.stdout.fileno(), 4096) != b""


@contextmanager
def listening(url: str) -> Iterator[Ear]:
    ear = Ear(url)
    try:
        yield ear
    finally:
        ear.process.kill()
        ear.process.communicate()


def ring_until_heard(bell: Doorbell, ear: Ear) -> None:
    deadline = time.monotonic() + 40
    while not ear.heard(0.3):
        assert time.monotonic() < deadline, "no bell was heard"
        bell.ring()


def timed_ring(bell: Doorbell) -> float:
    with Stopwatch() as watch:
        bell.ring()
    return watch.seconds


def test_a_bell_wakes_a_listener(url: str) -> None:
    bell: Doorbell = CeleryDoorbell(url)
    assert bell.ping()
    bell.ring()
    with listening(url) as ear:  # it may have been rung before anybody listened
        assert ear.heard()
        bell.ring()
        assert ear.heard()


def test_a_bell_is_quick(url: str) -> None:
    bell = CeleryDoorbell(url)
    bell.ring()
    assert min(timed_ring(bell) for _ in range(5)) < 0.1


@pytest.mark.parametrize(
    "url",
    ["unix:///nowhere/valkey.sock", "redis://127.0.0.1:1/0", "redis://no-such-host.invalid/0"],
)
def test_no_broker_is_no_trouble(url: str) -> None:
    bell = CeleryDoorbell(url)
    assert timed_ring(bell) < PATIENCE_SECONDS
    assert timed_ring(bell) < PATIENCE_SECONDS
    assert not bell.ping()


def test_a_frozen_broker_holds_nobody_up(own: servers.Valkey) -> None:
    for url in (own.unix_url, own.tcp_url):
        bell = CeleryDoorbell(url)
        bell.ring()
        own.send(signal.SIGSTOP)
        try:
            assert timed_ring(bell) < PATIENCE_SECONDS
            assert timed_ring(CeleryDoorbell(url)) < PATIENCE_SECONDS
            assert not bell.ping()
        finally:
            own.send(signal.SIGCONT)


def test_the_next_bell_after_an_outage_is_heard(own: servers.Valkey) -> None:
    bell = CeleryDoorbell(own.tcp_url)
    with listening(own.tcp_url) as ear:
        ring_until_heard(bell, ear)
        own.stop(signal.SIGKILL)
        bell.ring()
        assert not bell.ping()
        own.start()
        ring_until_heard(bell, ear)


def test_a_stale_bell_expires(own: servers.Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celery_app, "BELL_EXPIRES_SECONDS", 0.1)
    bell = CeleryDoorbell(own.unix_url)
    bell.ring()
    time.sleep(0.2)
    with listening(own.unix_url) as ear:
        assert not ear.heard(4.0)
