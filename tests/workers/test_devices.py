"""``automl worker`` without a device on a machine with two GPUs: a process for each."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.workers.fakes import eventually

WORKER = """
import os, time
from pathlib import Path

told = f"{os.environ['AUTOML_WORKERS']} {os.getpid()}"
Path(os.environ["AUTOML_DEVICE"]).write_text(told)
time.sleep(60)
"""

LAUNCHER = """
import sys
from pathlib import Path

from automl.cli.worker import worker
from automl import machine
from workers import embedded

machine.gpus = lambda: 2
embedded._program = lambda: [sys.executable, sys.argv[1]]
worker(None)
"""


def test_one_command_keeps_a_worker_for_each_device(tmp_path: Path) -> None:
    program = tmp_path / "worker.py"
    program.write_text(WORKER)
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(program)], cwd=tmp_path)
    try:
        told = [tmp_path / "cuda:0", tmp_path / "cuda:1"]
        eventually(lambda: all(each.is_file() and each.read_text() for each in told))
        count, first = told[0].read_text().split()
        assert count == "2"  # a worker takes its part of the memory and of the cores
        os.kill(int(first), signal.SIGKILL)
        eventually(lambda: told[0].read_text().split()[1:] not in ([], [first]))
        workers = [int(each.read_text().split()[1]) for each in told]
        launcher.terminate()
        assert launcher.wait(timeout=20) == 0
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    finally:
        launcher.kill()
        launcher.wait()
