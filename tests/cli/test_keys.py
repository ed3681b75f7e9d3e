"""Keys from a shell, and addresses that need one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from automl import cli
from automl.service import keys
from automl.settings import Settings
from automl.store import open_store


def run(folder: Path, *arguments: str) -> Result:
    environment = {"AUTOML_DATA_DIR": str(folder)}
    return CliRunner().invoke(cli.build(("keys",)), ["keys", *arguments], env=environment)


def listed(folder: Path) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(run(folder, "list", "--json").stdout)["items"]
    return items


def test_a_key_is_created_listed_and_revoked(tmp_path: Path) -> None:
    assert listed(tmp_path) == []
    done = run(
        tmp_path, "create", "--tenant", "acme", "--scope", "read", "--expires", "30d", "--json"
    )
    assert done.exit_code == 0
    made = json.loads(done.stdout)
    assert made.keys() >= {"id", "key", "tenant"}
    assert (made["tenant"], made["scope"]) == ("acme", "read")
    store = open_store(Settings(data_dir=tmp_path))
    seen = keys.recognize(store, made["key"])
    assert seen is not None
    assert seen.seconds_left == pytest.approx(30 * 86400.0, rel=0.01)
    assert [item["id"] for item in listed(tmp_path)] == [made["id"]]
    assert made["key"] not in run(tmp_path, "list").stdout + run(tmp_path, "list", "--json").stdout
    assert run(tmp_path, "revoke", made["id"]).exit_code == 0
    assert keys.recognize(store, made["key"]) is None
    assert listed(tmp_path)[0]["revoked_at"] is not None
    store.close()


def test_the_key_alone_is_on_stdout(tmp_path: Path) -> None:
    done = run(tmp_path, "create", "--tenant", "a")
    assert done.stdout.count("\n") == 1
    store = open_store(Settings(data_dir=tmp_path))
    assert keys.recognize(store, done.stdout.strip()) is not None
    store.close()
    assert "shown this once" in done.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["create"],
        ["create", "--tenant", "a", "--scope", "root"],
        ["create", "--tenant", "a", "--expires", "soon"],
        ["create", "--tenant", "a", "--expires", "3000000d"],  # no calendar reaches as far
        ["create", "--tenant", "a", "--expires", "9" * 400],
        ["revoke"],
    ],
)
def test_wrong_usage_is_two(tmp_path: Path, arguments: list[str]) -> None:
    assert run(tmp_path, *arguments).exit_code == 2
    assert listed(tmp_path) == []


@pytest.mark.parametrize("command", ["serve", "api"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "automl.example"])  # noqa: S104 -- refused
def test_no_address_of_the_network_without_a_key(tmp_path: Path, command: str, host: str) -> None:
    line = [sys.executable, "-m", "automl.cli", command, "--host", host, "--port", "0"]
    environment = Settings(data_dir=tmp_path).child_environment()
    done = subprocess.run(
        line, env=environment, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "automl keys create" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True),
     ("::", False), ("", False), ("10.0.0.1", False), ("a.example", False)],
)  # fmt: skip
def test_which_addresses_are_local(host: str, local: bool) -> None:
    assert Settings(host=host).is_local is local
