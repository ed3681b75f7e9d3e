"""The command line as a program: exit codes, and what it loads."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer

from automl import cli
from automl.cli import tour, usage
from automl.cli.demo import demo
from automl.core.errors import Detail, InvalidSpec
from automl.settings import SettingError, Settings


def run(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "automl.cli", *arguments]
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=Settings.from_environment({}).child_environment(**(environment or {})),
    )


def test_help_names_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert all(f" {name} " in done.stdout for name in cli.COMMANDS)


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["serve", "--nonsense"], ["serve", "--workers", "-1"]]
)
def test_wrong_usage_is_two(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["studies", "list", "--status", "soon"], "'--status': 'soon' is not one of 'queued',"),
        (["studies", "list", "--limit", "0"], "'--limit': 1 or more is needed."),
        (["serve", "--port", "http"], "'--port': a whole number is needed."),
        (["datasets", "upload", __file__, "--modality", "x"], "'--modality': 'x' is not one of"),
    ],
)
def test_a_value_that_cannot_be_is_told_in_plain_words(arguments: list[str], says: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert f"Invalid value for {says}" in " ".join(done.stderr.replace("│", " ").split())


def test_migrate_makes_the_schema_and_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        done = run("migrate", environment={"AUTOML_DATA_DIR": str(tmp_path)})
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "automl.sqlite").is_file()


def test_a_variable_that_cannot_be_read_is_wrong_usage() -> None:
    done = run("serve", environment={"AUTOML_PORT": "many"})
    assert done.returncode == 2
    assert done.stderr == "automl: AUTOML_PORT='many' cannot be read as int\n"


@pytest.mark.parametrize(
    ("arguments", "port"),
    [
        (["serve", "--port", "99999"], "8000"),
        (["api", "--port", "99999"], "8000"),
        (["serve"], "99999"),
    ],
)
def test_a_port_that_is_none_is_wrong_usage(
    tmp_path: Path, arguments: list[str], port: str
) -> None:
    done = run(*arguments, environment={"AUTOML_PORT": port, "AUTOML_DATA_DIR": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "automl: AUTOML_PORT or --port: 99999 is no port; write 0 to 65535\n"


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("PORT", "-1", "of 0 or more"),
        ("SLOTS", "0", "of 1 or more"),
        ("LEASE_SECONDS", "-1", "above 0"),
        ("HEARTBEAT_SECONDS", "0", "above 0"),
        ("HEARTBEAT_SECONDS", "nan", "above 0"),
        ("TRIAL_MAX_SECONDS", "inf", "of 0 or more"),
        ("MAX_UPLOAD_BYTES", "-1", "of 1 or more"),
        ("TENANT_REQUESTS_PER_SECOND", "-0.5", "of 0 or more"),
    ],
)
def test_a_number_out_of_its_range_is_refused(name: str, text: str, right: str) -> None:
    with pytest.raises(SettingError, match=rf"AUTOML_{name}={text}.* must be a number {right}"):
        Settings.from_environment({f"AUTOML_{name}": text})


def test_a_heart_beats_within_a_lease() -> None:
    with pytest.raises(SettingError, match="SECONDS=2 must be less than AUTOML_LEASE_SECONDS=2,"):
        Settings.from_environment({"AUTOML_LEASE_SECONDS": "2"})
    brisk = {"AUTOML_LEASE_SECONDS": "2", "AUTOML_HEARTBEAT_SECONDS": "0.5"}
    assert Settings.from_environment(brisk).lease_seconds == 2


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["serve"], {"AUTOML_DEVICE": "foo"}),
        (["worker"], {"AUTOML_DEVICE": "foo"}),
        (["worker", "--device", "foo"], {"AUTOML_DEVICE": "cpu"}),
    ],
)
def test_a_device_that_is_none_is_wrong_usage(
    arguments: list[str], environment: dict[str, str]
) -> None:
    done = run(*arguments, environment=environment)
    assert done.returncode == 2
    assert done.stderr == (
        "automl: AUTOML_DEVICE or --device: 'foo' is no device; write cpu or a GPU, as cuda:0\n"
    )


def test_a_device_is_named_as_torch_names_it() -> None:
    for name in ("", "cpu", "cuda", "cuda:0", "cuda:12"):
        assert Settings.from_environment({"AUTOML_DEVICE": name}).device == name
    for name in ("CPU", "cuda:", "cuda:-1", "cuda:x", "gpu", "cpu "):
        with pytest.raises(SettingError, match="is no device; write cpu"):
            Settings.from_environment({"AUTOML_DEVICE": name})


def test_a_budget_that_is_no_time_is_wrong_usage(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text("x,y\n" + "1.5,a\n2.5,b\n" * 9)
    done = run("fit", str(file), "--target", "y", "--budget", "soon")
    assert done.returncode == 2
    assert (
        done.stderr.splitlines()[-1] == "automl: 'soon' is no length of time; write 60s, 5m or 1h"
    )


def test_a_file_that_is_no_model_is_told_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("x,y\n1,2\n")
    done = run("predict", str(file), str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"automl: {file} is no model file of this service.\n"


@pytest.mark.parametrize(
    ("out", "why"),
    [
        ("missing/out", "No such file or directory"),
        (".", "it is a folder"),
        ("o" * 300, "File name too long"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "predict"])
def test_a_target_that_cannot_be_written_is_told_before_any_work(
    tmp_path: Path, command: str, out: str, why: str
) -> None:
    file, target = tmp_path / "rows.csv", tmp_path / out
    file.write_text("x,y\n1,2\n")
    given = [str(file), "--target", "y"] if command == "fit" else [str(file), str(file)]
    done = run(command, *given, "--out", str(target))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"automl: --out: {target} cannot be written ({why}); name a file in another folder\n"
    )


def test_asking_for_a_target_leaves_what_was_there(tmp_path: Path) -> None:
    there, link = tmp_path / "there", tmp_path / "link"
    there.write_text("kept")
    link.symlink_to("new")
    for target in (there, link, tmp_path / "other", Path("/dev/null")):
        usage.check_target(target)
    assert there.read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "there"]


def test_what_the_system_refuses_is_a_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = run("migrate", environment={"AUTOML_DATA_DIR": str(file)})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"automl: {file}: File exists\n"


def test_the_supervisors_command_loads_little() -> None:
    code = "import sys; from automl.cli import build; build(('serve',)); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & {"numpy", "sqlalchemy", "celery", "torch", "fastapi"}


HEAVY = {"httpx", "numpy", "torch", "optuna", "pyarrow", "sqlalchemy", "celery", "fastapi"}


def test_help_loads_no_library_that_works() -> None:
    code = "import sys; from automl.cli import build; build(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & HEAVY


def test_an_error_is_one_line_and_exit_code_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def build(_: object) -> object:
        def app() -> None:
            raise InvalidSpec("no such column", errors=(Detail("unknown", field="target"),))

        return app

    monkeypatch.setattr(cli, "build", build)
    monkeypatch.setattr(sys, "argv", ["automl", "migrate"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "automl: no such column\n  target: unknown\n"


def test_the_demo_names_a_program_that_the_shell_finds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "clone"
    home.mkdir()
    place = home / ".venv" / "bin" / "automl"
    monkeypatch.setattr(sys, "executable", str(place.with_name("python")))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.chdir(home)
    assert tour._program() == ".venv/bin/automl"
    monkeypatch.chdir(tmp_path)
    assert tour._program() == "clone/.venv/bin/automl"
    monkeypatch.chdir("/")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert tour._program() == "automl"


def test_a_demo_whose_service_does_not_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "automl"
    program.write_text("#!/bin/sh\necho there is no room\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: str(program))
    with pytest.raises(typer.Exit):
        demo("60s")
    said = capsys.readouterr().err
    assert said.startswith("automl: the service did not start: automl serve ended at once")
    assert "there is no room" in said
