"""One program under the supervisor: started, restarted with a growing pause, stopped."""

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial

from workers.process import end_with_parent

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0
"""A part that lived so long is restarted at once again."""


class Part:
    """A program that should be running.

    Args:
        name: what log lines call it.
        command: its command line.
        environment: its whole environment.
        descriptors: files it inherits.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        descriptors: Sequence[int] = (),
    ) -> None:
        self.name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._descriptors = tuple(descriptors)
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = FIRST_PAUSE_SECONDS
        self._started_at = 0.0
        self._due_at = 0.0

    def tend(self) -> int | Exception | None:
        """Start the program if it is due.

        Returns its exit status when it was found dead, or else what kept it from being started: it
        will be tried again.
        """
        now = time.monotonic()
        status = None if self._process is None else self._process.poll()
        if status is not None:
            self._process = None
            if now - self._started_at >= STEADY_SECONDS:
                self._pause, self._due_at = FIRST_PAUSE_SECONDS, now
            else:
                self._rest(now)
        if self._process is None and now >= self._due_at:
            try:
                self._start()
            except (OSError, subprocess.SubprocessError) as error:  # no memory, or no process
                self._rest(now)
                return error if status is None else status
        return status

    @property
    def due_in(self) -> float:
        """Return the seconds until it is to be started, infinite where it runs."""
        return math.inf if self._process is not None else max(0.0, self._due_at - time.monotonic())

    @property
    def running(self) -> bool:
        """Whether the program is alive."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask the program to end."""
        if self._process is not None and self.running:
            self._process.terminate()

    def kill(self) -> None:
        """End the program, and take note of its end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _rest(self, now: float) -> None:
        """Have it wait for its start, the longer the more often it came to nothing."""
        self._due_at = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    def _start(self) -> None:
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,  # ours is for what people read
            pass_fds=self._descriptors,
            # Ctrl-C reaches the supervisor alone: it says in which order the parts end.
            start_new_session=True,
            preexec_fn=partial(_obey, os.getpid()),  # noqa: PLW1509 -- the supervisor has one thread
        )


def _obey(supervisor: int) -> None:
    """End with the supervisor, also if it ended before that was known."""
    end_with_parent(signal.SIGTERM)
    if os.getppid() != supervisor:
        os._exit(1)
