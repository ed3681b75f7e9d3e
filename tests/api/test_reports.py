"""The report over HTTP, and every file of a real model as it is downloaded."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from api.views.reports import view
from automl.core.catalog import ExportFormat
from automl.core.ids import new_id
from automl.core.model import Model
from automl.core.study import Study
from automl.core.trial import Finish
from automl.export import page
from automl.service import reports
from tests.api.harness import Hand, Service, add_dataset, add_study
from tests.api.problems import problem
from tests.studies import Ended, ended


class Publisher(Hand):
    """A hand that publishes what a real study ended with."""

    real: Ended

    @override
    def model(self, finish: Finish) -> Model:
        finished = self.real.result.finished
        with self.store.unit() as unit:
            study, now = unit.studies.get(finish.tenant, finish.study_id), unit.now()
        formats = {
            name: self.store.artifacts.put(finish.tenant, name.media_type, [content])
            for name, content in finished.files.items()
        }
        dataset = study.spec.dataset_id
        mdl = new_id("mdl", now)
        return Model(mdl, finish.tenant, study.id, dataset, finished.card, formats, now)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    return ended(tmp_path_factory.mktemp("real"), classes=2)


@pytest.fixture
def reported(own: Service, real: Ended) -> Iterator[Study]:
    study = add_study(own.store, add_dataset(own.store, name="<b>tiny"), trials=3)
    hand = Publisher(own.store)
    hand.real = real
    hand.run(study.id)
    with own.store.unit() as unit:
        yield unit.studies.get("default", study.id)


def test_the_report_is_what_the_finish_wrote_with_the_studys_facts(
    own: Service, reported: Study, real: Ended
) -> None:
    response = own.get(f"/v1/studies/{reported.id}/report")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["vary"] == "Accept"
    body = response.json()
    written = own.get(f"/v1/models/{reported.model_id}/download?format=report").json()
    assert {name: body[name] for name in written} == written
    assert set(body) - set(written) == {"study", "tried", "timeline"}
    assert body["study"]["id"] == reported.id
    assert body["study"]["dataset"] == "<b>tiny"
    assert body["study"]["model_id"] == reported.model_id
    assert [item["trials"] for item in body["tried"]] == [3]
    assert body["tried"][0]["seconds"] == pytest.approx(0.3)
    assert body["tried"][0]["reasons"] == {}
    moments = body["timeline"]
    assert moments[-1]["value"] == min(item["value"] for item in moments)  # its log loss
    assert [item["seconds"] for item in moments] == sorted(item["seconds"] for item in moments)
    assert body["metrics"]["roc_auc"]["low"] < body["metrics"]["roc_auc"]["high"]
    links = own.get(f"/v1/studies/{reported.id}").json()["links"]
    assert links["report"] == f"/v1/studies/{reported.id}/report"


def test_browsers_get_one_page_that_may_load_nothing(own: Service, reported: Study) -> None:
    response = own.get(
        f"/v1/studies/{reported.id}/report", headers={"Accept": "text/html,*/*;q=0.8"}
    )
    assert response.headers["content-type"].startswith("text/html")
    policy = response.headers["content-security-policy"]
    assert policy == f"{page.POLICY}; frame-ancestors 'none'"
    assert "Predicting" in response.text
    assert "&lt;b&gt;tiny" in response.text
    assert "http://" not in response.text
    assert "https://" not in response.text
    found = view(reports.of_study(own.store, "default", reported.id))
    assert response.text == page.write(found)


def test_every_format_downloads_under_its_name(own: Service, reported: Study, real: Ended) -> None:
    kinds = {"onnx": "application/octet-stream", "bundle": "application/zip"}
    suffixes = {"onnx": "onnx", "bundle": "zip", "report": "json"}
    for path in (f"/v1/models/{reported.model_id}/download",
                 f"/v1/studies/{reported.id}/model/download"):  # fmt: skip
        for name, suffix in suffixes.items():
            response = own.get(f"{path}?format={name}")
            assert response.content == real.result.finished.files[ExportFormat(name)]
            assert f"{reported.model_id}.{suffix}" in response.headers["content-disposition"]
            media_type = kinds.get(name, "application/json")
            assert response.headers["content-type"] == media_type
    offered = own.get(f"/v1/models/{reported.model_id}").json()["formats"]
    assert {item["format"] for item in offered} == set(suffixes)


def test_the_bundles_script_prints_what_the_service_answers(
    own: Service, reported: Study, real: Ended, tmp_path: Path
) -> None:
    from tests.export.models import python

    content = own.get(f"/v1/models/{reported.model_id}/download?format=bundle").content
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        zipped.extractall(tmp_path)
    sent = {"Content-Type": "text/csv", "Accept": "text/csv"}
    path = f"/v1/models/{reported.model_id}/predict"
    answer = own.post(path, content=real.csv.read_bytes(), headers=sent)
    done = python("-I", str(tmp_path / "predict.py"), str(real.csv), cwd=None)
    assert done.stdout == answer.text
    assert done.stdout.count("\n") == 601


def test_there_is_no_report_before_there_is_a_model(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=1)
    path = f"/v1/studies/{study.id}/report"
    problem(own.get(path), 409, "MODEL_NOT_READY")
    problem(own.get(path, headers={"Accept": "text/html"}), 409, "MODEL_NOT_READY")
    problem(own.get("/v1/studies/st_unknown/report"), 404, "NOT_FOUND")


def test_a_model_of_an_older_version_has_none(service: Service, ended: Study) -> None:
    body = problem(service.get(f"/v1/studies/{ended.id}/report"), 404, "NOT_FOUND")
    assert "without reports" in body["detail"]
