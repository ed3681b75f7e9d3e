"""docker-compose.yml, as far as it can be judged without an engine."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from automl import cli
from automl.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
VARIABLES = {f"AUTOML_{item.name.upper()}" for item in fields(Settings)}

each = pytest.mark.parametrize("name", SERVICES)


def test_the_parts_are_there() -> None:
    assert set(SERVICES) == {"init", "api", "worker", "worker-gpu", "valkey", "postgres"}
    assert SERVICES["worker"]["profiles"] == ["cpu"]
    assert SERVICES["worker-gpu"]["profiles"] == ["gpu"]
    devices = SERVICES["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices[0]["capabilities"] == ["gpu"]


@each
def test_a_service_is_watched_restarted_and_bounded(name: str) -> None:
    service = SERVICES[name]
    assert "healthcheck" in service or name == "init"
    assert service["restart"] == ("on-failure" if name == "init" else "unless-stopped")
    assert service["mem_limit"]


@each
def test_a_service_is_not_root(name: str) -> None:
    user = SERVICES[name]["user"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert not SERVICES[name].get("privileged")


@each
def test_an_image_has_a_version(name: str) -> None:
    tag = SERVICES[name]["image"].partition(":")[2]
    assert re.search(r"\d+\.\d+", tag)
    assert "latest" not in tag


@each
def test_a_service_waits_for_what_it_needs(name: str) -> None:
    for other, wish in SERVICES[name].get("depends_on", {}).items():
        done = "service_completed_successfully" if other == "init" else "service_healthy"
        assert wish["condition"] == done
        assert other in SERVICES


def test_only_the_api_is_published_and_only_to_this_machine() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]
    assert SERVICES["api"]["ports"] == ["${AUTOML_PUBLISH:-127.0.0.1:8000}:8000"]


@each
def test_a_variable_is_a_setting(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    assert {key for key in environment if key.startswith("AUTOML_")} <= VARIABLES


def test_no_secret_has_a_default() -> None:
    secrets = re.findall(r"\$\{(\w*PASSWORD)([^}]*)\}", TEXT)
    assert {name for name, _ in secrets} == {"POSTGRES_PASSWORD", "BROKER_PASSWORD"}
    assert all(rest.startswith(":?") for _, rest in secrets)
    example = (ROOT / ".env.example").read_text()
    assert all(f"\n{name}=\n" in example for name, _ in secrets)
    assert ".env" in (ROOT / ".gitignore").read_text().split()


def test_what_may_be_set_is_told() -> None:
    example = (ROOT / ".env.example").read_text()
    optional = set(re.findall(r"\$\{(\w+):-", TEXT)) - {"AUTOML_VERSION"}
    assert optional <= set(re.findall(r"(\w+)=", example))


def test_volumes_are_named() -> None:
    used = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
    }
    assert used == set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", ["init", "api", "worker", "worker-gpu"])
def test_a_command_is_one_of_ours(name: str) -> None:
    command = " ".join(SERVICES[name]["command"])
    asked = re.findall(r"\bautoml ((?:[\w.:-]+ ?)+)", command)
    assert asked
    for words in asked:
        verbs = [word for word in words.split() if re.fullmatch(r"[a-z]+", word)]
        options = [word for word in words.split() if word.startswith("--")]
        path = [verbs[0], *(["create"] if "create" in verbs else [])]
        done = CliRunner().invoke(cli.build(), [*path, "--help"], env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        assert all(option in done.output for option in options)
