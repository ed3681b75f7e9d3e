"""How a training child is started, and what its worker's parent may do with one.

A fresh interpreter works everywhere. Where it can be, a child is a fork of the nursery instead
(`workers/forks.py`): it is there at once, and the libraries are in memory once.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from automl import machine
from automl.settings import Settings
from workers import process
from workers.forks import Forks

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Child(Protocol):
    """A training child that was started."""

    @property
    def pid(self) -> int | None:
        """Return its process id; None as long as there is no process yet."""

    @property
    def lost(self) -> bool:
        """Return whether it ended with the process that it was forked from."""

    @property
    def overdue(self) -> bool:
        """Return whether it should have been a process by now."""

    def kill(self) -> None:
        """End it from outside; one that is not there yet will never be."""

    def wait(self, timeout: float | None = None) -> int | None:
        """Return its exit status, negative: the signal; None when it lives after so long."""


Start: TypeAlias = Callable[[int], Child]
"""Starts a child that has this descriptor as its end of the line; the caller closes its own."""


class Fresh:
    """A child that is an interpreter of its own.

    Args:
        command: its command line; the number of its file descriptor is appended.
        environment: its whole environment.
        line: its end of the line.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], line: int) -> None:
        self._process = subprocess.Popen(
            [*command, str(line)], env=environment, pass_fds=[line], stdin=subprocess.DEVNULL
        )

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def lost(self) -> bool:
        """Return False: it was not forked."""
        return False

    @property
    def overdue(self) -> bool:
        """Return False: it is a process from the beginning."""
        return False

    def kill(self) -> None:
        """End it from outside."""
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int | None:
        """Return its exit status, negative: the signal; None when it lives after so long."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None


def fresh(command: Sequence[str], environment: Mapping[str, str]) -> Start:
    """Return what starts a fresh interpreter with this command line, and the line's number."""
    return lambda line: Fresh(command, environment, line)


class Starts:
    """How the children of a process's workers are started, and what each of them may use.

    Args:
        settings: of the workers' process.
    """

    def __init__(self, settings: Settings) -> None:
        share = max(settings.slots, machine.slots(settings.workers))  # each has one of so many
        self.device = settings.device or machine.device(0)
        self.memory = settings.trial_max_bytes or process.memory_share(share)
        """Bytes that a child may occupy."""
        self._threads = max(1, machine.cores() // share)
        self._environment = settings.child_environment(
            AUTOML_DEVICE=self.device,
            AUTOML_TRIAL_MAX_BYTES=str(self.memory),
            **dict.fromkeys(_THREADS, str(self._threads)),
        )
        # A device's driver and the BLAS libraries' pools belong to the process that began them.
        forked = sys.platform == "linux" and self.device == machine.CPU and self._threads == 1
        self._forks = Forks(self._environment) if forked else None

    def warm(self) -> None:
        """Load what children need, where they are forks, before the first is asked for."""
        if self._forks is not None:
            self._forks.warm()

    def of(self, worker: str) -> Start:
        """Return how the children of the worker with this id are started."""
        command = [sys.executable, "-m", "workers.child", worker, str(self._threads)]

        def start(line: int) -> Child:
            child = self._forks.start(worker, line) if self._forks else None
            return child or Fresh(command, self._environment, line)

        return start
