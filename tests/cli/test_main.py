"""The command line as a program: exit codes, and what it loads."""

import subprocess
import sys
from pathlib import Path

import pytest

from automl import cli
from automl.core.errors import Detail, InvalidSpec


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "automl.cli", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


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


def test_the_supervisors_command_loads_little() -> None:
    code = "import sys; from automl.cli import build; build(('serve',)); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & {"numpy", "sqlalchemy", "celery", "torch", "fastapi"}


def test_an_error_is_one_line_and_exit_code_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def build(_: object) -> object:
        def app() -> None:
            raise InvalidSpec("no such column", errors=(Detail("unknown", field="target"),))

        return app

    monkeypatch.setattr(cli, "build", build)
    monkeypatch.setattr(sys, "argv", ["automl", "serve"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "automl: no such column\n  target: unknown\n"
