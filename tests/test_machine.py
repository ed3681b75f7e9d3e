"""Cores and GPUs of a machine, as its workers share them."""

from importlib import metadata
from pathlib import Path

import pytest

from automl import machine


def test_a_machine_is_shared_by_its_slots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 6)
    monkeypatch.setattr(machine, "_GPUS", tmp_path / "none")
    assert machine.slots(0) == 6
    assert machine.slots(3) == 3
    assert machine.device(2) == "cpu"
    _gpus(monkeypatch, tmp_path, 2)
    assert machine.slots(0) == 2
    assert [machine.device(index) for index in range(3)] == ["cuda:0", "cuda:1", "cuda:0"]


@pytest.mark.parametrize(
    ("shown", "count"), [("", 0), ("-1", 0), ("2", 1), ("0, GPU-8f1c", 2), ("0,-1,1", 1)]
)
def test_gpus_are_those_that_are_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shown: str, count: int
) -> None:
    _gpus(monkeypatch, tmp_path, 4)
    assert machine.gpus() == 4
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    assert machine.gpus() == count


def test_there_is_no_gpu_for_a_torch_without_cuda(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _gpus(monkeypatch, tmp_path, 2)
    monkeypatch.setattr(metadata, "version", lambda _: "2.13.0+cpu")
    assert machine.device(0) == "cpu"


def _gpus(monkeypatch: pytest.MonkeyPatch, folder: Path, count: int) -> None:
    """Let the machine have so many GPUs, and torch know them."""
    for index in range(count):
        (folder / "gpus" / str(index)).mkdir(parents=True)
    monkeypatch.setattr(machine, "_GPUS", folder / "gpus")
    monkeypatch.setattr(metadata, "version", lambda _: "2.13.0")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
