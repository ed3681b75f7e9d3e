"""A real terminal of some size with a program in it."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from automl.settings import Settings


class Terminal:
    """What the program has written so far, and the keys and corners to take it by."""

    def __init__(self, ours: int, child: "subprocess.Popen[bytes]") -> None:
        self._ours = ours
        self._child = child
        self.said = b""

    def until(self, word: str, *, seconds: float = 120.0) -> None:
        """Return as soon as the program has written a word."""
        deadline = time.monotonic() + seconds
        while word.encode() not in self.said:
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{word!r} never came; this did:\n{self.text}")

    def interrupt(self) -> None:
        """Press Ctrl-C: to all processes at once, as a terminal does."""
        os.killpg(self._child.pid, signal.SIGINT)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size and tell of it."""
        _size(self._ours, columns, lines)
        os.killpg(self._child.pid, signal.SIGWINCH)

    def end(self, *, seconds: float = 120.0) -> int:
        """Return the program's exit code when it has ended."""
        deadline = time.monotonic() + seconds
        while self._read(deadline - time.monotonic()):
            pass
        return self._child.wait(5)

    @property
    def text(self) -> str:
        """All that was written."""
        return self.said.decode(errors="replace")

    def _read(self, seconds: float) -> bool:
        """Take what comes; False: the program has ended, or the time is over."""
        if not select.select([self._ours], [], [], max(0.0, seconds))[0]:
            return False
        try:
            part = os.read(self._ours, 65_536)
        except OSError:  # Linux's way of saying that the other side has ended
            return False
        self.said += part
        return bool(part)


@contextmanager
def running(
    *arguments: str,
    folder: Path,
    columns: int = 100,
    lines: int = 30,
    program: Sequence[str] = ("-m", "automl.cli"),
    **environment: str,
) -> Iterator[Terminal]:
    """Run ``automl``, or another program of Python, with arguments in a terminal."""
    ours, theirs = pty.openpty()
    _size(theirs, columns, lines)
    given = {"TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
    variables = Settings.from_environment({}).child_environment(**given)
    for name in ("COLUMNS", "LINES"):  # they would speak louder than the terminal itself
        variables.pop(name, None)
    child = subprocess.Popen(
        [sys.executable, *program, *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True,
        env=variables,
        preexec_fn=_as_in_a_terminal,  # noqa: PLW1509 -- forks only, and calls what is safe there
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Terminal(ours, child)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        os.close(ours)


def _as_in_a_terminal() -> None:
    """Heed SIGINT, which what a shell runs in the background is started to ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _size(terminal: int, columns: int, lines: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
