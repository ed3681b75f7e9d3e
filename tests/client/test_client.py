"""The client against a real server: retries, cuts, downloads, what it shows, what it loads."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import automl
from automl.client import (
    Client,
    DownloadCorrupt,
    Leaderboard,
    Predictions,
    ServiceError,
    StudyFailed,
    Unreachable,
)
from automl.client.request import guess_task
from automl.core.catalog import ExportFormat, FamilyName, StudyFailure, TrialFailure
from automl.core.errors import StoreUnavailable
from automl.core.key import Scope
from automl.core.study import Study
from automl.core.trial import Candidate, Finish, Turn
from automl.service import keys
from tests.api.harness import Hand, Service, add_dataset, add_study, serving, wait_for
from tests.client.lossy import Lossy, lossy

BIG = os.urandom(3 * 1024 * 1024)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Service]:
    with serving(tmp_path / "own") as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Client(f"http://127.0.0.1:{service.port}", patience=20.0) as connected:
        yield connected


@pytest.fixture(scope="module")
def ended(service: Service) -> Study:
    study = add_study(service.store, add_dataset(service.store), trials=3)
    Hand(service.store, values=[0.5, 0.3, 0.4]).run(study.id)
    with service.store.unit() as unit:
        return unit.studies.get("default", study.id)


HEAVY = {"torch", "numpy", "sklearn", "lightgbm", "catboost", "optuna", "pyarrow", "onnxruntime",
         "onnx", "sqlalchemy", "fastapi", "celery", "pydantic", "pandas"}  # fmt: skip
SCIENCE = {"numpy", "sklearn", "pandas", "pyarrow"}
"""What an estimator's contract is made of, and what that loads where it is installed."""


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import automl", HEAVY | {"httpx"}),
        ("import automl.client", HEAVY),
        ("from automl import Client; Client()", HEAVY),
        ("from automl import AutoMLClassifier; AutoMLClassifier()", HEAVY - SCIENCE),
    ],
)
def test_importing_it_loads_nothing_heavy(code: str, heavy: set[str]) -> None:
    code = f"import sys; {code}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & heavy


def test_the_package_names_what_it_hands_on() -> None:
    assert set(automl.__all__) <= set(dir(automl))
    assert all(getattr(automl, name) for name in automl.__all__)
    with pytest.raises(AttributeError, match="AutoMLClusterer"):
        automl.AutoMLClusterer  # noqa: B018 -- asking is what is tested


def test_a_study_shows_itself(client: Client, ended: Study) -> None:
    study = client.open(ended.id)
    assert study.status == "succeeded"
    assert ended.id in repr(study)
    assert "<table>" in study._repr_html_()
    board = study.leaderboard()
    assert [trial["value"] for trial in board] == [0.3, 0.4, 0.5]
    assert board._repr_html_().count("<tr>") == 4
    assert [event["seq"] for event in study.events()] == list(range(1, ended.last_seq + 1))
    assert list(study.events(after=ended.last_seq)) == []
    assert study.model()["id"] == ended.model_id
    assert study.wait() is study


def test_a_study_shows_its_search(client: Client, ended: Study) -> None:
    html = client.open(ended.id)._repr_html_()
    assert all(word in html for word in ("succeeded", "0.3 by mlp", "baseline 0.69", "3 complete"))
    assert html.count("<circle") == 3
    assert "<script" not in html
    assert repr(client.open(ended.id).model()).startswith(f"<model {ended.model_id}: log_loss 0.1")


def test_a_study_is_shown_as_last_seen_while_the_service_is_away(
    client: Client, ended: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = client.open(ended.id)

    def away(_: str) -> None:
        raise Unreachable(client.url, "it is gone")

    monkeypatch.setattr(client, "study", away)
    html = handle._repr_html_()
    assert "As it was last seen: cannot reach" in html
    assert "succeeded" in html


def test_who_interrupts_a_wait_is_told_how_to_come_back(
    client: Client, ended: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "events", interrupted)
    with pytest.raises(KeyboardInterrupt) as stopped:
        client.open(ended.id).wait(progress=False)
    assert f"Client({client.url!r}).open({ended.id!r}).wait()" in stopped.value.__notes__[0]


def test_a_study_without_a_model_says_so(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=3)
    with (
        Client(f"http://127.0.0.1:{own.port}") as client,
        pytest.raises(ServiceError, match="queued and has no model yet"),
    ):
        client.open(study.id).predict([{"size": 1}])


def test_names_are_text_in_a_notebook() -> None:
    evil = "<script>\x1b[31m"
    trial = {"number": 0, "value": 0.5, "family": evil, "state": evil, "seconds": 1.0,
             "params": {evil: evil}}  # fmt: skip
    html = Leaderboard([trial], evil)._repr_html_()
    html += Predictions(predictions=[evil], probabilities=[[1.0]], classes=[evil])._repr_html_()
    assert "<script>" not in html
    assert "\x1b" not in html


def test_predictions_of_rows_and_files(client: Client, ended: Study, tmp_path: Path) -> None:
    study = client.open(ended.id)
    file = tmp_path / "rows.csv"
    file.write_text("size\n-1\n2\n")
    of_rows = study.predict([{"size": -1}, {"size": 2}])
    assert of_rows["predictions"] == ["blue", "red"]
    assert study.predict(file) == study.predict(str(file)) == of_rows
    assert "probabilities" in of_rows


def test_a_refusal_says_why(client: Client) -> None:
    with pytest.raises(ServiceError) as refused:
        client.study("st_unknown")
    assert (refused.value.status, refused.value.reason) == (404, "NOT_FOUND")
    with pytest.raises(ServiceError) as refused:
        client.start({"dataset_id": "ds_x"})
    assert refused.value.status == 422
    assert refused.value.errors


def test_a_key_is_sent(own: Service) -> None:
    _, text = keys.create(own.store, tenant="a", scope=Scope.READ)
    url = f"http://127.0.0.1:{own.port}"
    with Client(url, key=text) as keyed, Client(url) as nobody:
        assert list(keyed.items("/v1/studies")) == []
        with pytest.raises(ServiceError, match="needs an API key") as refused:
            nobody.get("/v1/studies")
        assert refused.value.status == 401
        with pytest.raises(ServiceError, match="'write'"):
            keyed.upload((([1.0],), ["a"]))


def test_a_service_that_is_not_there_is_named() -> None:
    with (
        Client("http://127.0.0.1:9", patience=0.5) as nowhere,
        pytest.raises(Unreachable, match=r"127\.0\.0\.1:9.*automl serve"),
    ):
        nowhere.get("/v1/studies")
    with Client("ftp://x") as wrong, pytest.raises(Unreachable):
        wrong.get("/v1/studies")


def test_a_lost_answer_is_asked_for_again_under_the_same_key(own: Service) -> None:
    """The upload arrives, its answer is cut off: the next try brings the same dataset."""
    with lossy(own.port) as line, Client(line.url, patience=20.0) as client:
        line.cuts += [0, 20]
        dataset = client.upload(([[1.0], [2.0], [None]], ["a", "b", "a"]))
        assert line.connections == 3
        assert [item["id"] for item in client.items("/v1/datasets")] == [dataset["id"]]
    assert [column["name"] for column in dataset["columns"]] == ["x0", "target"]
    assert dataset["columns"][0]["missing"] == 1


def test_a_busy_store_is_waited_for(own: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    unit = own.store.unit

    def away() -> Any:
        asked.append(1)
        if len(asked) < 3:
            raise StoreUnavailable
        return unit()

    monkeypatch.setattr(own.store, "unit", away)
    with Client(f"http://127.0.0.1:{own.port}", patience=30.0) as client:
        assert client.get("/v1/studies")["items"] == []
    assert len(asked) >= 3


def _publish_big(service: Service) -> Study:
    """Return a study whose model file is of 3 MiB."""
    study = add_study(service.store, add_dataset(service.store), trials=1)
    hand = Hand(service.store)
    hand.step()
    work = service.store.leases.claim("hand")
    assert isinstance(work, Finish)
    model = hand.model(work)
    file = service.store.artifacts.put("default", "application/octet-stream", [BIG])
    model.formats[ExportFormat.ONNX] = file  # type: ignore[index]
    service.store.leases.publish(work, model)
    return study


@pytest.fixture(scope="module")
def big(service: Service) -> Study:
    return _publish_big(service)


@pytest.fixture
def line(service: Service) -> Iterator[Lossy]:
    with lossy(service.port) as running:
        yield running


def test_a_cut_download_goes_on_where_it_was_cut(line: Lossy, big: Study, tmp_path: Path) -> None:
    line.cuts += [1_000_000, 400_000, 0, 1_000_000, 100]
    with Client(line.url, patience=20.0) as client:
        path = client.download(big.id, tmp_path / "model.onnx")
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(BIG).digest()
    assert line.connections == 6
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    (tmp_path / "other").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_wrong_bytes_never_get_the_files_name(line: Lossy, big: Study, tmp_path: Path) -> None:
    line.flip = True
    (tmp_path / "model.onnx").write_text("old")
    with Client(line.url) as client, pytest.raises(DownloadCorrupt):
        client.download(big.id, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_download_that_is_refused_leaves_nothing(client: Client, tmp_path: Path) -> None:
    with pytest.raises(ServiceError):
        client.download("st_unknown", tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_is_cut_is_taken_up_without_a_gap(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=20)
    seqs: list[int] = []
    with lossy(own.port) as line, Client(line.url, patience=20.0) as client:
        line.cuts += [900, 1500, 0, 2500]

        def watch() -> None:
            seqs.extend(event["seq"] for event in client.events(study.id))

        thread = threading.Thread(target=watch)
        thread.start()
        wait_for(lambda: seqs)
        Hand(own.store).run(study.id)
        thread.join(timeout=30)
        assert not thread.is_alive()
    with own.store.unit() as unit:
        last = unit.studies.get("default", study.id).last_seq
    assert seqs == list(range(1, last + 1))


def test_a_failed_study_is_an_error(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=1)
    turn = own.store.leases.claim("w")
    assert isinstance(turn, Turn)
    attempt = own.store.leases.begin("w", turn, Candidate(FamilyName.MLP, {}))
    assert attempt is not None
    own.store.leases.fail(attempt, TrialFailure.NON_FINITE_LOSS, "NaN", 0.1)
    own.store.leases.reap()
    with Client(f"http://127.0.0.1:{own.port}") as client:
        with pytest.raises(StudyFailed, match=study.id) as failed:
            client.open(study.id).wait()
        assert failed.value.reason == StudyFailure.NO_TRIAL_COMPLETED


@pytest.mark.parametrize(
    ("kind", "unique", "low", "high", "task"),
    [
        ("categorical", 3, None, None, "classification"),
        ("boolean", 2, None, None, "classification"),
        ("numeric", 3, 0, 2, "classification"),
        ("numeric", 3, 0.5, 2, "regression"),
        ("numeric", 21, 0, 30, "regression"),
        ("id", 500, 0, 499, "regression"),
        ("text", 500, None, None, "classification"),
    ],
)
def test_the_task_is_guessed_from_the_target(
    kind: str, unique: int, low: float | None, high: float | None, task: str
) -> None:
    column = {"name": "y", "kind": kind, "unique": unique, "min": low, "max": high}
    assert guess_task({"name": "d", "columns": [column]}, "y") == task


def test_a_target_that_is_not_there_is_named() -> None:
    with pytest.raises(ServiceError, match="no column 'z'; d has 'y'"):
        guess_task({"name": "d", "columns": [{"name": "y"}]}, "z")


@pytest.mark.parametrize("data", [3, [1, 2], ([[1]], [1, 2]), ([1, 2], [1, 2]), ([], [])])
def test_data_of_no_known_kind_is_refused(client: Client, data: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        client.upload(data)


def test_a_missing_file_is_named(client: Client) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        client.upload("nowhere.csv")


def test_arrays_are_uploaded_as_what_they_are(client: Client) -> None:
    x, y = np.arange(6 * 4 * 5).reshape(6, 4, 5), np.array([0.5, 1.5, 2.5, 3.5, 4.5, 5.5])
    made = client.upload((x, y), modality="image")
    assert (made["modality"], made["format"], made["shape"]) == ("image", "npz", [4, 5])
    assert guess_task(made, None) == "regression"
    made = client.upload((x, y.astype(int) % 2))
    assert (made["modality"], made["classes"]) == ("series", [0, 1])
    assert guess_task(made, None) == "classification"
