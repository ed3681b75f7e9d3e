"""Stores as earlier versions left them open today: their models are served, their studies go on.

``past/REVISION.json`` holds the rows that a version with that schema wrote (``write_past.py``).
"""

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import automl
from automl.core.catalog import StudyStatus, TrialState
from automl.data.rows import from_json
from automl.export.scoring import Scorer, Scores
from automl.settings import Settings
from automl.store import open_store
from tests import servers
from tests.api.harness import Service, serving
from tests.runner.bench import Bench
from tests.store import values

PAST = Path(__file__).with_name("past")
REVISIONS = sorted(path.stem for path in PAST.glob("*.json"))
Past = dict[str, Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'automl.sqlite'}"
    server: servers.Postgres = request.getfixturevalue("postgres")
    return server.database()


def test_each_schema_that_had_a_successor_is_remembered() -> None:
    # 0005 came with 0006, 0008 with 0009
    assert REVISIONS == ["0001", "0002", "0003", "0004", "0006", "0007"]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_store_of_an_earlier_version_goes_on(revision: str, url: str, tmp_path: Path) -> None:
    past: Past = json.loads((PAST / f"{revision}.json").read_text())
    _restore(url, revision, past["tables"])
    with serving(tmp_path, database_url=url) as service:
        _check_ended(service, past)
        _check_running(service, past, tmp_path)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_model_that_an_earlier_version_handed_out_predicts(revision: str, tmp_path: Path) -> None:
    past: Past = json.loads((PAST / f"{revision}.json").read_text())
    files = dict(_files(past))
    scorer = Scorer(files["onnx"])
    _check_scores(past, scorer.predict(from_json(past["rows"], scorer.inputs)))
    if "bundle" in files:  # the first wrote none
        (tmp_path / "bundle.zip").write_bytes(files["bundle"])
        opened = automl.load(tmp_path / "bundle.zip")
        _check_scores(past, opened.predict(past["rows"]))
        assert sum(member.weight for member in opened.members) == pytest.approx(1)


def _check_scores(past: Past, scores: Scores) -> None:
    assert scores.probabilities is not None
    for now, then in zip(scores.probabilities, past["probabilities"], strict=True):
        assert now == pytest.approx(then, rel=1e-6)


def _files(past: Past) -> Iterator[tuple[str, bytes]]:
    """Yield the formats and bytes of the model, each of which is one chunk."""
    tables = {name: _rows(table) for name, table in past["tables"].items()}
    for file in tables["model_files"]:
        (chunk,) = (c for c in tables["chunks"] if c["artifact_id"] == file["artifact_id"])
        yield file["format"], zlib.decompress(base64.b64decode(chunk["data"]["zlib"]))


def _rows(table: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def _check_ended(service: Service, past: Past) -> None:
    """What had ended is there whole: study, log, report and a model that predicts as it did."""
    path = f"/v1/studies/{past['ended']}"
    study = service.get(path).json()
    assert (study["status"], study["model_id"]) == ("succeeded", past["model"])
    events = service.get(f"{path}/events?limit=500").json()["items"]
    assert [event["seq"] for event in events] == list(range(1, study["last_seq"] + 1))
    assert len(service.get(f"{path}/trials").json()["items"]) == 2
    assert service.get(f"/v1/datasets/{study['dataset_id']}/preview").json()["rows"]
    model = service.get(f"/v1/models/{past['model']}").json()
    for item in model["formats"]:
        file = service.get(f"/v1/models/{past['model']}/download?format={item['format']}")
        assert file.headers["etag"] == f'"{item["sha256"]}"'
        assert len(file.content) == item["bytes"]
    reported = "report" in {item["format"] for item in model["formats"]}  # the first wrote none
    for accept in ("application/json", "text/html"):
        answer = service.get(f"{path}/report", headers={"Accept": accept})
        assert answer.status_code == (200 if reported else 404), answer.text
    answer = service.post(f"/v1/models/{past['model']}/predict", json={"rows": past["rows"]})
    for now, then in zip(answer.json()["probabilities"], past["probabilities"], strict=True):
        assert now == pytest.approx(then, rel=1e-6)


def _check_running(service: Service, past: Past, folder: Path) -> None:
    """What was under way ends with a model, and keeps the results it had."""
    store = open_store(service.settings)
    bench = Bench(store, service.context.cache, folder)
    with store.unit() as unit:
        study = unit.studies.get("default", past["running"])
    before = [trial for trial in bench.trials(study) if trial.state is TrialState.COMPLETE]
    assert len(before) == 2
    store.leases.reap()  # a worker that held a trial is long dead
    ended = bench.work_off(study, bench.runner())
    assert ended.status is StudyStatus.SUCCEEDED, ended.error
    after = bench.trials(study)
    assert after[:2] == before
    assert len(after) == 6
    values.check(store, study)
    store.close()
    answer = service.post(f"/v1/models/{ended.model_id}/predict", json={"rows": past["rows"]})
    assert len(answer.json()["predictions"]) == len(past["rows"])


def _restore(url: str, revision: str, tables: dict[str, dict[str, Any]]) -> None:
    """Make a database with the schema of that revision and fill it with these rows."""
    store = open_store(Settings(database_url=url))
    with store.database.write() as tx:
        config = Config()
        config.set_main_option("script_location", "automl.store:migrations")
        config.attributes["connection"] = tx.writer
        command.upgrade(config, revision)
        schema = sa.MetaData()
        schema.reflect(tx.writer)
        for table in schema.sorted_tables:
            if table.name != "alembic_version":
                _fill(tx.writer, table, tables[table.name])
    store.close()


def _fill(connection: sa.Connection, table: sa.Table, found: dict[str, Any]) -> None:
    for column in set(table.columns.keys()) - set(found["columns"]):
        connection.execute(sa.text(f"ALTER TABLE {table.name} DROP COLUMN {column}"))
    rows = [
        {name: _cell(table.c[name], cell) for name, cell in row.items()} for row in _rows(found)
    ]
    if rows:
        connection.execute(table.insert(), rows)


def _cell(column: sa.Column[Any], cell: Any) -> Any:
    if isinstance(cell, dict):
        return zlib.decompress(base64.b64decode(cell["zlib"]))
    return bool(cell) if isinstance(column.type, sa.Boolean) and cell is not None else cell
