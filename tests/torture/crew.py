"""Programs that are started again whenever they end, as an init system keeps them."""

import json
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

LOOK_SECONDS = 0.1
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Program:
    """What should be running: the words behind ``automl``'s path, and the whole environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


class Crew:
    """Runs programs until its block ends; all write into one log, and so does it.

    What it says of an end reads as the product's own supervisor says it.
    """

    def __init__(self, programs: Sequence[Program], log: Path) -> None:
        self._programs = programs
        self._log = log
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tend, name="crew", daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *why: object) -> None:
        self.stop()

    def of(self, sort: str) -> list[psutil.Process]:
        """Return the running programs whose names begin so, in order."""
        found = []
        for name, process in sorted(self._running.items()):
            if name.startswith(sort) and process.poll() is None:
                with suppress(psutil.NoSuchProcess):
                    found.append(psutil.Process(process.pid))
        return found

    def stop(self) -> None:
        """Ask all to end and wait for it; what takes too long is killed, and that is an error."""
        self._over.set()
        self._thread.join()
        for process in self._running.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        late = [name for name, process in self._running.items() if not _ended(process)]
        self._running.clear()
        assert not late, f"did not stop within {STOP_SECONDS:g} s: {late}"

    def _tend(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        for program in self._programs:
            process = self._running.get(program.name)
            status = None if process is None else process.poll()
            if process is not None and status is None:
                continue
            with self._log.open("ab") as log:
                if status is not None:
                    line = {"event": "part.ended", "part": program.name, "status": status}
                    log.write(json.dumps(line).encode() + b"\n")
                self._running[program.name] = subprocess.Popen(
                    program.command, env=program.environment, stdout=log, stderr=log
                )


def _ended(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True
