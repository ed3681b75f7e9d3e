"""The benchmark for a machine with a GPU, as far as one without can try it."""

import subprocess
from argparse import Namespace

import pytest
import torch

from benchmarks import busy, gpu


def test_what_a_device_can_do_is_measured() -> None:
    found = dict(gpu.limits("cpu", 64))
    assert len(found) == 4
    assert all(rate > 0 for rate in found.values())


def test_studies_run_on_the_device_and_on_the_processor() -> None:
    given = Namespace(
        folders=["a"], tables=["t"], seconds=60.0, candidates=8, rows=100, device="cuda:1"
    )
    programs, settings = zip(*gpu.runs(given), strict=True)
    assert [each[1] for each in programs] == ["benchmarks.sweep", *2 * ["benchmarks.modalities"]]
    assert "cuda:1" in programs[0]
    assert [each.get("AUTOML_DEVICE") for each in settings] == [None, "cuda:1", "cpu"]


def test_the_driver_is_asked_for_the_very_device(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    class Driver(subprocess.Popen[str]):
        def __init__(self, command: list[str], **_: object) -> None:
            asked.append(command)
            super().__init__(["printf", "90\\n[N/A]\\n70\\n"], stdout=subprocess.PIPE, text=True)
            self.wait()

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: Namespace(uuid="8f1c"))
    monkeypatch.setattr(subprocess, "Popen", Driver)
    with busy.Busy("cuda:1") as watched:
        pass
    assert watched.share == pytest.approx(0.8)
    assert "--id=GPU-8f1c" in asked[0]


def test_nobody_is_asked_of_a_processor() -> None:
    with busy.Busy("cpu") as watched:
        pass
    assert watched.share is None
