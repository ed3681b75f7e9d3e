"""``automl fit`` in a terminal and in a script."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import onnxruntime as ort
import pytest
import torch
from sklearn.datasets import load_iris

from automl import machine, pipeline
from automl.cli.fit import fit
from automl.cli.interrupt import heeding
from automl.core.errors import NothingTrained
from automl.search.control import Stop
from automl.settings import Settings
from tests.cli.terminal import running


@pytest.fixture
def iris(tmp_path: Path) -> Path:
    measured, kinds = load_iris(return_X_y=True)
    rows = [",".join(map(str, (*row, kind))) for row, kind in zip(measured, kinds, strict=True)]
    file = tmp_path / "iris.csv"
    file.write_text("\n".join(["a,b,c,d,kind", *rows]))
    return file


def test_ctrl_c_keeps_the_best_so_far(iris: Path) -> None:
    arguments = ("fit", iris.name, "--target", "kind", "--budget", "5m", "--slots", "2")
    with running(*arguments, folder=iris.parent) as terminal:
        terminal.until("in training")  # the first trial is complete then, others go on
        terminal.interrupt()
        assert terminal.end() == 0, terminal.text
    assert "Stopping: the model is made of the trials so far" in terminal.text
    assert "Traceback" not in terminal.text
    session = ort.InferenceSession(iris.parent / "model.onnx")
    assert [item.name for item in session.get_inputs()] == ["a", "b", "c", "d"]


def test_ctrl_c_before_any_trial_ends_without_a_model(iris: Path) -> None:
    arguments = ("fit", iris.name, "--target", "kind", "--family", "mlp", "--slots", "2")
    with running(*arguments, "--budget", "5m", folder=iris.parent) as terminal:
        terminal.until("in training")
        terminal.interrupt()
        assert terminal.end() == 130, terminal.text
    assert "Stopped; no model was written." in terminal.text
    assert "Traceback" not in terminal.text
    assert not (iris.parent / "model.onnx").exists()


def test_the_first_ctrl_c_asks_and_the_second_means_it() -> None:
    stop, told = Stop(), list[bool]()
    before = signal.getsignal(signal.SIGINT)
    with heeding(stop, lambda: told.append(stop.asked)):
        os.kill(os.getpid(), signal.SIGINT)
        assert told == [True]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_script_reads_one_object_and_no_terminal_codes(iris: Path) -> None:
    line = [sys.executable, "-m", "automl.cli", "fit", iris.name, "--target", "kind"]
    done = subprocess.run(
        [*line, "--family", "linear", "--trials", "2", "--slots", "1", "--json"],
        cwd=iris.parent,
        env=Settings.from_environment({}).child_environment(LC_ALL="C", PYTHONIOENCODING="ascii"),
        capture_output=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["file"]) == ("succeeded", "model.onnx")
    assert answer["bytes"] == (iris.parent / "model.onnx").stat().st_size
    assert answer["metric"] == {"name": "log_loss", "direction": "minimize"}
    assert answer["best"]["value"] == answer["trials"][0]["value"] < answer["baseline"]["value"]
    assert [trial["family"] for trial in answer["trials"]] == ["linear", "linear"]
    assert answer["progress"]["trials"]["complete"] == 2
    assert answer["model"]["test"]["metrics"].keys() >= {"log_loss", "accuracy"}
    assert b"Reading iris.csv ?" in done.stderr
    assert b"\x1b" not in done.stderr
    assert b": trial 0 (linear): log_loss 0." in done.stderr


def test_a_metric_without_a_value_is_null(tmp_path: Path) -> None:
    file = tmp_path / "below.csv"
    file.write_text("x,y\n" + "".join(f"{n % 9}.5,-{n % 9}.25\n" for n in range(60)))
    line = [sys.executable, "-m", "automl.cli", "fit", file.name, "--target", "y", "--json"]
    done = subprocess.run(
        [*line, "--task", "regression", "--family", "linear", "--trials", "1", "--slots", "1"],
        cwd=tmp_path,
        env=Settings.from_environment({}).child_environment(),
        capture_output=True,
        check=True,
    )
    assert b"NaN" not in done.stdout  # which no other program would read
    metrics = json.loads(done.stdout)["model"]["test"]["metrics"]
    assert metrics["rmsle"] == {"value": None, "low": None, "high": None}


@pytest.mark.parametrize(
    ("environment", "option", "slots", "devices", "said"),
    [
        ("", None, 2, ("cuda:0", "cuda:1"), ""),
        ("cuda:1", None, 1, ("cuda:1",), ""),
        ("cuda:1", "cpu", 6, ("cpu",), ""),
        ("cuda:7", None, 6, ("cpu",), "cuda:7 is no device that torch can reach here: training on"),
    ],
)
def test_it_trains_where_workers_would(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    iris: Path,
    environment: str,
    option: str | None,
    slots: int,
    devices: tuple[str, ...],
    said: str,
) -> None:
    given: dict[str, object] = {}

    def note(*_study: object, **more: object) -> None:
        given.update(more)
        raise NothingTrained("Enough is known.")

    monkeypatch.setattr(pipeline, "fit", note)
    monkeypatch.setattr(machine, "gpus", lambda: 2)
    monkeypatch.setattr(machine, "cores", lambda: 6)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("AUTOML_DEVICE", environment)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # as it would set them, for this test alone
    with pytest.raises(NothingTrained, match="Enough"):
        fit(iris, target="kind", device=option)
    assert (given["slots"], given["devices"]) == (slots, devices)
    heard = capsys.readouterr().err
    assert said in heard
    assert ("no device" in heard) == bool(said)
