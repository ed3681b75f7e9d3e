"""A whole service of one's own while a block runs; it loads little beside an HTTP client."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from automl.settings import Settings

READY_SECONDS, STOPPED_SECONDS = 120.0, 30.0
"""A service is waited for so long at most: it takes 3 s and 1 s of a machine, but one full of other
work may have little to give."""


class ServiceNotReadyError(RuntimeError):
    """The service ended or did not answer in time; with the end of its log."""


@contextmanager
def service(data: Path, say: Callable[[str], None] = lambda _: None) -> Iterator[str]:
    """Run a whole embedded service on a free port and yield its URL; stop it at the end.

    Raises:
        ServiceNotReadyError: it did not come up.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    started = time.monotonic()
    program = shutil.which("automl", path=str(Path(sys.executable).parent)) or "automl"
    log = data.with_suffix(".log").open("wb")
    process = subprocess.Popen(
        [program, "serve"],  # the environment says the rest
        env=Settings.from_environment(port=port, data_dir=data, url=url).child_environment(),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_ready(url, process, log.name)
        say(f"The service is up after {time.monotonic() - started:.1f} s at {url}")
        yield url
    finally:
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(STOPPED_SECONDS)
        log.close()
        say(f"The service has stopped after {time.monotonic() - started:.1f} s")


def _wait_ready(url: str, process: "subprocess.Popen[bytes]", log: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServiceNotReadyError(f"automl serve ended at once:\n{_end(log)}")
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise ServiceNotReadyError(f"not ready in {READY_SECONDS:g} s:\n{_end(log)}")


def _end(log: str) -> str:
    return Path(log).read_text()[-2000:]
