"""A flipped byte of the store is detected on every way out, and never follows a 200."""

import os
from dataclasses import replace

import httpx
import pytest

from automl.core.catalog import ExportFormat
from automl.core.schema import Dataset
from tests.api.damage import flip, flip_all
from tests.api.harness import Hand, Service, add_dataset, add_study
from tests.api.problems import problem
from tests.store.values import keep_dataset

MIB = 1024 * 1024
ROWS = b"size,colour\n" + b"1,red\n2,blue\n" * 200


def _large(service: Service, size: int) -> Dataset:
    small = add_dataset(service.store)
    source = service.store.artifacts.put("default", "text/csv", [os.urandom(size)])
    table = service.store.artifacts.get(small.table)
    return keep_dataset(
        service.store, name="large", source=source, table=table, rows=2, columns=small.columns
    )


def _uploaded(service: Service) -> str:
    answer = service.post("/v1/datasets", content=ROWS, headers={"Content-Type": "text/csv"})
    return str(answer.json()["id"])


def _download(service: Service, dataset: Dataset, span: str = "") -> httpx.Response:
    headers = {"Range": f"bytes={span}"} if span else {}
    return service.get(f"/v1/datasets/{dataset.id}/download", headers=headers)


@pytest.mark.parametrize("size", [1000, MIB + 1, 4 * MIB, 4 * MIB + 1, 9 * MIB])
@pytest.mark.parametrize("at", [0, -1])
def test_damaged_bytes_are_never_downloaded(own: Service, size: int, at: int) -> None:
    dataset = _large(own, size)
    whole = _download(own, dataset)
    assert (whole.status_code, len(whole.content)) == (200, size)
    flip(own.store, dataset.source, at=at)
    problem(_download(own, dataset), 500, "ARTIFACT_CORRUPT")
    damaged = at % size
    problem(_download(own, dataset, f"{damaged}-{damaged}"), 500, "ARTIFACT_CORRUPT")
    problem(_download(own, dataset, "0-"), 500, "ARTIFACT_CORRUPT")


def test_a_part_that_is_whole_is_served(own: Service) -> None:
    dataset = _large(own, 6 * MIB)
    content = _download(own, dataset).content
    flip(own.store, dataset.source, at=3 * MIB + 5)
    for start, end in ((0, 3 * MIB), (4 * MIB, 6 * MIB)):
        part = _download(own, dataset, f"{start}-{end - 1}")
        assert (part.status_code, part.content) == (206, content[start:end])


def test_a_digest_that_was_changed_with_its_bytes_hides_nothing(own: Service) -> None:
    dataset = _large(own, 6 * MIB)
    flip(own.store, dataset.source, at=-7, hidden=True)
    problem(_download(own, dataset), 500, "ARTIFACT_CORRUPT")


def test_a_damaged_model_is_neither_handed_out_nor_asked(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=1)
    Hand(own.store).run(study.id)
    with own.store.unit() as unit:
        model = unit.models.get("default", unit.studies.get("default", study.id).model_id or "")
    flip(own.store, model.formats[ExportFormat.ONNX].id, at=-9)
    for path in (f"/v1/models/{model.id}/download", f"/v1/studies/{study.id}/model/download"):
        problem(own.get(path), 500, "ARTIFACT_CORRUPT")
        problem(own.get(path, headers={"Range": "bytes=0-9"}), 500, "ARTIFACT_CORRUPT")
    for _ in range(2):
        answer = own.post(f"/v1/models/{model.id}/predict", json={"rows": [{"size": 1}]})
        problem(answer, 500, "ARTIFACT_CORRUPT")


def test_a_damaged_report_is_not_shown(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=1)
    hand = Hand(own.store)
    made = hand.model

    def with_report(finish: object) -> object:
        model = made(finish)  # type: ignore[arg-type]
        file = own.store.artifacts.put("default", "application/json", [b'{"version": 1}'])
        return replace(model, formats={**model.formats, ExportFormat.REPORT: file})

    hand.model = with_report  # type: ignore[assignment, method-assign]
    hand.run(study.id)
    with own.store.unit() as unit:
        model = unit.models.get("default", unit.studies.get("default", study.id).model_id or "")
    flip(own.store, model.formats[ExportFormat.REPORT].id)
    for accept in ("application/json", "text/html"):
        answer = own.get(f"/v1/studies/{study.id}/report", headers={"Accept": accept})
        problem(answer, 500, "ARTIFACT_CORRUPT")


def test_damaged_data_are_neither_shown_nor_planned_with(own: Service) -> None:
    dataset_id = _uploaded(own)
    assert flip_all(own.store) == 2
    problem(own.get(f"/v1/datasets/{dataset_id}/preview"), 500, "ARTIFACT_CORRUPT")
    body = {"dataset_id": dataset_id, "budget": {"trials": 1},
            "task": {"type": "classification", "target": "colour"}}  # fmt: skip
    for query in ("", "?dry_run=true"):
        problem(own.post(f"/v1/studies{query}", json=body), 500, "ARTIFACT_CORRUPT")
    assert own.get("/v1/studies").json()["items"] == []


def test_a_damaged_copy_is_fetched_again(own: Service) -> None:
    dataset_id = _uploaded(own)
    path = f"/v1/datasets/{dataset_id}/preview"
    shown = own.get(path)
    (copy,) = own.settings.cache_dir.iterdir()
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    again = own.get(path)
    assert (again.status_code, again.content) == (200, shown.content)


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ("-1", 206), ("-999999999", 206), ("0-999999999", 206), ("24-24", 206), ("-0", 416),
        ("25-", 416), ("25-30", 416), ("18446744073709551616-", 200), ("0-0,-1", 200),
        ("0-1,2-3,4-5", 200), ("0-,0-,0-", 200), ("1-0", 200), ("0x1-2", 200), ("٣-٤", 200),
        (" 0 - 0", 206),
    ],
)  # fmt: skip
def test_odd_ranges(service: Service, dataset: Dataset, wish: str, status: int) -> None:
    headers = {b"Range": f"bytes={wish}".encode()}
    answer = service.client.get(f"/v1/datasets/{dataset.id}/download", headers=headers)
    assert answer.status_code == status
    assert len(answer.content) == int(answer.headers["content-length"])
    if status == 200:
        assert len(answer.content) == 25
        assert "content-range" not in answer.headers


def test_an_old_models_download_does_not_go_on_with_the_new_ones_bytes(own: Service) -> None:
    """``If-Range`` with the digest of what was downloaded first: all of the new file comes."""
    study = add_study(own.store, add_dataset(own.store), trials=1)
    Hand(own.store).run(study.id)
    path = f"/v1/studies/{study.id}/model/download"
    new = own.get(path)
    old = {"Range": "bytes=10-", "If-Range": f'"{"0" * 64}"'}
    answer = own.get(path, headers=old)
    assert (answer.status_code, answer.content) == (200, new.content)
    same = {"Range": "bytes=10-", "If-Range": new.headers["etag"]}
    answer = own.get(path, headers=same)
    assert (answer.status_code, answer.content) == (206, new.content[10:])


def test_rows_are_not_touched_by_damaged_bytes(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=1)
    Hand(own.store).run(study.id)
    flip_all(own.store)
    for path in ("", "/trials", "/trials/0", "/events"):
        assert own.get(f"/v1/studies/{study.id}{path}").status_code == 200
