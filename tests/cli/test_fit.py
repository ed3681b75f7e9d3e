"""``automl fit`` in a terminal."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from sklearn.datasets import load_iris

from automl.settings import Settings


def test_ctrl_c_ends_it_without_a_traceback(tmp_path: Path) -> None:
    measured, kinds = load_iris(return_X_y=True)
    rows = [",".join(map(str, (*row, kind))) for row, kind in zip(measured, kinds, strict=True)]
    (tmp_path / "iris.csv").write_text("\n".join(["a,b,c,d,kind", *rows]))
    command = [sys.executable, "-m", "automl.cli", "fit", "iris.csv", "--target", "kind"]
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [*command, "--budget", "5m", "--slots", "2"],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, start_new_session=True,
        env=Settings.from_environment({}).child_environment(TERM="xterm", COLUMNS="90"),
        preexec_fn=_as_in_a_terminal,  # noqa: PLW1509 -- no thread runs beside it here
    )  # fmt: skip
    os.close(theirs)
    said, asked = b"", False
    while part := _read(ours):
        said += part
        if not asked and b"Leaderboard" in said:
            os.killpg(child.pid, signal.SIGINT)  # as the terminal does: to all at once
            asked = True
    os.close(ours)
    assert child.wait(20) == 130
    assert b"no model was written" in said
    assert b"Traceback" not in said, said.decode()
    assert not (tmp_path / "model.onnx").exists()


def _as_in_a_terminal() -> None:
    """Heed SIGINT, which what a shell runs in the background is started to ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux's way of saying that the other side has ended
        return b""
