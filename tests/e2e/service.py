"""A real service of real processes, and the means to strike at them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from automl.client import Client
from tests.servers import free_port

AUTOML = Path(sys.executable).parent / "automl"
PATIENCE = 180.0
"""Seconds until a wait has failed, no more: with twelve times its load a machine takes long."""


@dataclass
class Service:
    """``automl serve`` as a child process.

    Parts are found as ``ps`` shows them: ``automl api``, ``automl worker`` and the broker.
    """

    data_dir: Path
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> Client:
        return Client(self.url, patience=30.0)

    def parts(self, kind: str) -> list[psutil.Process]:
        """Return the supervisor's own children of a kind: ``api``, ``worker`` or ``valkey``."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            try:
                line = " ".join(child.cmdline())
            except psutil.NoSuchProcess:
                continue
            if f"automl {kind}" in line or (kind == "valkey" and "valkey" in line.split(" ")[0]):
                found.append(child)
        return found

    def kill(self, kind: str, index: int = 0) -> float:
        """Kill -9 a part with its children; return the moment on the monotonic clock."""
        part = self.parts(kind)[index]
        for process in [part, *part.children(recursive=True)]:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        return time.monotonic()

    def family(self) -> list[psutil.Process]:
        """Return every process of the service, the supervisor first."""
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def stop(self) -> float:
        """Ask the service to stop and return the seconds it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)
        return time.monotonic() - started


@contextmanager
def serve(
    data_dir: Path,
    *,
    workers: int = 2,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
    within: Sequence[str] = (),
) -> Iterator[Service]:
    """Run the service until the block ends; a test that fails shows the log's end.

    ``within`` is a command that becomes the service's once it has prepared what it needs.
    """
    port, log = port or free_port(), data_dir.with_suffix(".log")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                *within,
                AUTOML,
                "serve",
                "--port",
                str(port),
                "--data-dir",
                str(data_dir),
                "--workers",
                str(workers),
            ],
            env={**os.environ, **(environment or {})},  # noqa: TID251 -- a user's shell
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    service = Service(data_dir, port, process, log)
    try:
        until(lambda: _ready(service), f"the service is not ready, see {log}")
        yield service
    finally:
        if process.poll() is None:
            family = service.family()
            service.stop()
            gone, alive = psutil.wait_procs(family, timeout=5)
            assert not alive, f"left behind: {alive} ({len(gone)} ended)"


def until(holds: Callable[[], Any], message: str, *, seconds: float = PATIENCE) -> Any:
    """Return what ``holds`` returns as soon as that is true; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError(message)


def _ready(service: Service) -> bool:
    if service.process.poll() is not None:
        raise AssertionError(service.log.read_text()[-3000:])
    try:
        return httpx.get(f"{service.url}/readyz", timeout=2.0).status_code == 200
    except httpx.TransportError:
        return False
