"""ONNX Runtime tells nobody of what it is used for: no process of ours may reach out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Where it does tell, it keeps its session's number in a file; on build machines it never does.
ELSEWHERE = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS")


@pytest.mark.parametrize("module", ["automl.export.scoring", "automl.export.predict"])
def test_onnx_runtime_is_silent(module: str, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}  # noqa: TID251 -- a user's shell
    environment = {**kept, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", f"import {module}, onnxruntime"]
    subprocess.run(command, check=True, env=environment)
    assert not list(tmp_path.iterdir())
