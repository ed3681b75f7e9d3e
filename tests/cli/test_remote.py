"""The REST API from a shell, against a real server."""

import json
import math
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from automl import cli
from automl.client.text import plain
from automl.core.catalog import MetricName
from automl.core.key import Scope
from automl.core.model import Estimate
from automl.core.study import Study
from automl.service import keys
from tests.api import harness
from tests.api.harness import Hand, Service, add_dataset, add_study, serving

EVIL = "\x1b[31mred\x1b]0;title\x07 [bold]\u202e"


@pytest.fixture(scope="module")
def ended(service: Service) -> Study:
    study = add_study(service.store, add_dataset(service.store, name=EVIL), trials=3)
    Hand(service.store, values=[0.5, 0.3, 0.4]).run(study.id)
    with service.store.unit() as unit:
        return unit.studies.get("default", study.id)


def run(service: Service, *arguments: str) -> Result:
    environment = {"AUTOML_URL": f"http://127.0.0.1:{service.port}", "COLUMNS": "200"}
    return CliRunner().invoke(cli.build((arguments[0],)), list(arguments), env=environment)


def done(service: Service, *arguments: str) -> str:
    result = run(service, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_datasets(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "tiny.csv"
    file.write_text("x,y\n1,a\n2,b\n")
    dataset = json.loads(done(service, "datasets", "upload", str(file), "--name", "t", "--json"))
    assert (dataset["name"], dataset["rows"]) == ("t", 2)
    shown = done(service, "datasets", "show", dataset["id"])
    assert all(word in shown for word in (dataset["id"], "numeric", "1 to 2"))
    assert json.loads(done(service, "datasets", "show", dataset["id"], "--json")) == dataset
    assert dataset["id"] in done(service, "datasets", "list")
    copy = tmp_path / "copy.csv"
    answer = done(service, "datasets", "download", dataset["id"], "--out", str(copy), "--json")
    assert json.loads(answer) == {"file": str(copy), "format": "csv", "bytes": dataset["bytes"]}
    assert copy.read_bytes() == file.read_bytes()
    newest = json.loads(done(service, "datasets", "list", "--limit", "1", "--json"))
    assert newest["items"] == [dataset]
    gone = done(service, "datasets", "delete", dataset["id"], "--json")
    assert json.loads(gone) == {"id": dataset["id"], "deleted": True}
    assert run(service, "datasets", "show", dataset["id"]).exit_code == 1


def test_a_study_is_started_steered_and_deleted(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    lines = [f"{n % 7}.5,{'red' if n % 3 else 'blue'}" for n in range(60)]
    file.write_text("\n".join(["size,colour", *lines]) + "\n")
    given = ("studies", "start", str(file), "--target", "colour", "--trials", "2", "--name", "x")
    study = json.loads(done(service, *given, "--json"))
    assert study["task"]["type"] == "classification"
    unsaid = run(service, "studies", "start", str(file))
    assert (unsaid.exit_code, unsaid.stdout) == (1, "")
    assert "task.target must name the column to predict" in unsaid.stderr
    assert study["budget"] == {"seconds": None, "trials": 2}
    for verb, status in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        answer = json.loads(done(service, "studies", verb, study["id"], "--json"))
        assert answer["status"] == status or verb == "cancel", answer["status"]
    service.store.leases.reap()
    assert study["id"] in done(service, "studies", "list")
    done(service, "studies", "delete", study["id"])
    result = run(service, "studies", "delete", study["id"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("automl: ")
    assert result.stderr.count("\n") == 1


def test_an_ended_study_is_watched_and_shown(service: Service, ended: Study) -> None:
    watched = done(service, "studies", "watch", ended.id)
    assert "succeeded" in watched
    assert f"automl models download {ended.model_id}" in watched
    events = done(service, "studies", "watch", ended.id, "--json").splitlines()
    assert [json.loads(line)["seq"] for line in events] == list(range(1, ended.last_seq + 1))
    assert "best log_loss 0.3 (mlp)" in done(service, "studies", "show", ended.id)
    rows = json.loads(done(service, "studies", "list", "--status", "succeeded", "--json"))["items"]
    assert ended.id in [row["id"] for row in rows]


def test_models(service: Service, ended: Study, tmp_path: Path) -> None:
    assert ended.model_id is not None
    assert ended.model_id in done(service, "models", "list")
    shown = done(service, "models", "show", ended.model_id)
    assert all(word in shown for word in ("100% mlp (trial 0)", "onnx (", "size numeric"))
    file = tmp_path / "m.onnx"
    done(service, "models", "download", ended.model_id, "--out", str(file))
    first = file.read_bytes()
    done(service, "models", "download", ended.id, "--out", str(file))
    assert file.read_bytes() == first
    file.unlink()
    answer = done(service, "studies", "download", ended.id, "--out", str(file), "--json")
    assert json.loads(answer) == {"file": str(file), "format": "onnx", "bytes": len(first)}
    nowhere = ("models", "download", ended.model_id, "--out", str(tmp_path / "no" / "m.onnx"))
    assert run(service, *nowhere).exit_code == 1


def test_a_metric_without_a_value_is_a_dash(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = {MetricName.RMSLE: Estimate(math.nan, math.nan, math.nan)}
    monkeypatch.setattr(harness, "CARD", replace(harness.CARD, metrics=nothing))
    study = add_study(service.store, add_dataset(service.store), trials=1)
    Hand(service.store).run(study.id)
    with service.store.unit() as unit:
        model_id = unit.studies.get("default", study.id).model_id
    assert "rmsle: – (– to –)" in done(service, "models", "show", str(model_id))


@pytest.mark.parametrize("command", [("datasets", "list"), ("datasets", "show")])
def test_names_of_others_cannot_move_the_terminal(
    service: Service, ended: Study, command: tuple[str, ...]
) -> None:
    extra = (ended.spec.dataset_id,) if command[1] == "show" else ()
    shown = done(service, *command, *extra)
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    assert "red [bold]" in shown


def test_ids_are_whole_in_a_narrow_terminal(service: Service, ended: Study) -> None:
    for columns in (80, 60, 40):
        environment = {"AUTOML_URL": f"http://127.0.0.1:{service.port}", "COLUMNS": str(columns)}
        for name, one in (("studies", ended.id), ("models", ended.model_id)):
            result = CliRunner().invoke(cli.build((name,)), [name, "list"], env=environment)
            assert f" {one} " in result.stdout
            assert max(map(len, result.stdout.splitlines())) <= columns


def test_control_sequences_are_taken_out() -> None:
    text = "\x1b[2Ja\x1b]8;;http://x\x1b\\b\x9b31mc\x1bMd\r\ne\x00\x7f\x85\u200b"
    assert plain(text) == "abcd  e    "


def test_refusals_are_one_line_and_exit_one(service: Service) -> None:
    result = run(service, "studies", "show", "st_unknown")
    assert result.exit_code == 1
    assert result.stderr.startswith("automl: ")
    assert result.stderr.endswith("'. The verb 'list' shows which ids there are.\n")
    assert result.stderr.count("\n") == 1


def test_a_refused_file_is_told_in_a_line(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "broken.csv"
    file.write_text("a,b\n1,2\n3\n4,5\n")
    result = run(service, "datasets", "upload", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("automl: ")
    assert result.stderr.count("\n") == 1
    assert "(3: " in result.stderr  # the line of the file


def test_a_list_that_goes_on_says_where(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        add_dataset(service.store)
    monkeypatch.setattr("automl.cli.remote.MOST_OF_PAGE", 2)
    page = json.loads(done(service, "datasets", "list", "--limit", "3", "--json"))
    assert len(page["items"]) == 3
    every = service.get("/v1/datasets?limit=500").json()["items"]
    rest = service.get(f"/v1/datasets?limit=500&cursor={page['next_cursor']}").json()["items"]
    assert page["items"] + rest == every
    whole = json.loads(done(service, "datasets", "list", "--limit", str(len(every)), "--json"))
    assert whole == {"items": every, "next_cursor": None}


def test_an_empty_list_says_so(tmp_path: Path) -> None:
    with serving(tmp_path) as own:
        assert done(own, "models", "list") == "There is none.\n"


def test_a_service_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl.cli.remote.PATIENCE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    from automl.cli import remote

    with (
        pytest.raises(BaseException, match="1"),
        remote.service(f"http://127.0.0.1:{port}", None, patience=0.1) as client,
    ):
        client.get("/v1/studies")


@pytest.mark.parametrize(
    "arguments",
    [
        ["studies", "start", "ds_x", "--target", "y", "--budget", "soon"],
        ["studies", "start"],
        ["studies", "watch"],
        ["studies", "nonsense"],
        ["studies", "start", "ds_x", "--target", "y", "--task", "nonsense"],
        ["studies", "list", "--status", "nonsense"],
        ["studies", "export", "st_x"],
        ["datasets", "upload", "nowhere.csv"],
        ["models", "download", "mdl_x", "--format", "pickle"],
        ["models", "list", "--limit", "0"],
    ],
)
def test_wrong_usage_is_two(service: Service, arguments: list[str]) -> None:
    assert run(service, *arguments).exit_code == 2


def test_a_key_is_asked_for_and_taken(tmp_path: Path) -> None:
    with serving(tmp_path) as own:
        _, text = keys.create(own.store, tenant="a", scope=Scope.READ)
        result = run(own, "studies", "list")
        assert result.exit_code == 1
        assert result.stderr.endswith("Give --key, or set AUTOML_KEY.\n")
        assert result.stderr.count("\n") == 1
        assert done(own, "studies", "list", "--json", "--key", text) == (
            '{"items": [], "next_cursor": null}\n'
        )
        url = ("--url", f"http://localhost:{own.port}")
        assert run(own, "datasets", "list", *url, "--key", text).exit_code == 0


def test_leaving_a_watch_says_how_to_come_back(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = add_study(service.store, add_dataset(service.store), trials=1)

    def interrupted(*_: object, **__: object) -> Iterator[object]:
        raise KeyboardInterrupt

    monkeypatch.setattr("automl.client.Client.events", interrupted)
    result = run(service, "studies", "watch", study.id)
    assert result.exit_code == 0
    again = f"automl studies watch {study.id} --url http://127.0.0.1:{service.port}"
    assert result.stderr == f"\nThe study goes on. Come back with:  {again}\n"
