"""Datasets, and what every creating call and every list has in common."""

import csv
import hashlib
from pathlib import Path

import httpx

from tests.e2e.contract.page import (
    COLUMN,
    DATASET,
    TIME,
    Json,
    items,
    refused,
)


def test_a_dataset_is_as_the_page_says(http: httpx.Client, dataset: Json, file: Path) -> None:
    assert dataset.keys() >= DATASET
    assert dataset["id"].startswith("ds_")
    assert (dataset["modality"], dataset["format"], dataset["rows"]) == ("table", "csv", 300)
    content = file.read_bytes()
    assert dataset["bytes"] == len(content)
    assert dataset["sha256"] == hashlib.sha256(content).hexdigest()
    assert (dataset["shape"], dataset["classes"]) == (None, None)
    assert TIME.fullmatch(dataset["created_at"])
    kinds = {column["name"]: column["kind"] for column in dataset["columns"]}
    assert kinds == {"size": "numeric", "price": "numeric", "colour": "categorical",
                     "flag": "boolean", "y": "categorical"}  # fmt: skip
    for column in dataset["columns"]:
        assert column.keys() >= COLUMN
    for warning in dataset["warnings"]:
        assert warning.keys() >= {"code", "message"}
    path = f"/v1/datasets/{dataset['id']}"
    assert http.get(path).json() == dataset
    assert dataset in items(http.get("/v1/datasets"))
    rows = http.get(f"{path}/preview?rows=3").json()["rows"]
    with file.open(newline="") as source:
        first = next(csv.DictReader(source))
    assert len(rows) == 3
    shown = {name: "" if cell is None else str(cell) for name, cell in rows[0].items()}
    assert shown.keys() == first.keys()
    assert shown["colour"] == first["colour"]
    assert http.get(f"{path}/download").content == content


def test_a_raw_body_is_taken_and_a_bad_one_leaves_nothing(http: httpx.Client) -> None:
    before = items(http.get("/v1/datasets"))
    raw = http.post("/v1/datasets?name=raw", content=b"a;b\n1;x\n2;y\n",
                    headers={"Content-Type": "text/csv"})  # fmt: skip
    assert (raw.status_code, raw.json()["name"], raw.json()["rows"]) == (201, "raw", 2)
    assert http.delete(raw.headers["location"]).status_code == 204
    refused(http.get(raw.headers["location"]), 404)
    for content in (b"", b"a,b\n", b"a,b\n1,2\n3\n4,5,6\n"):
        problem = refused(http.post("/v1/datasets", content=content), 422)
        assert problem["detail"]
    assert items(http.get("/v1/datasets")) == before


def test_lists_page_and_keep_to_their_limits(http: httpx.Client, study: Json) -> None:
    path = f"/v1/studies/{study['id']}/trials"
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = http.get(path, params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        seen += [trial["number"] for trial in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [0, 1, 2]
    assert len(items(http.get(path, params={"limit": 10_000}))) == 3
    refused(http.get(path, params={"limit": 0}), 422)
    refused(http.get(path, params={"cursor": "forged"}), 400)


def test_idempotency(http: httpx.Client) -> None:
    headers = {"Idempotency-Key": "once", "Content-Type": "text/csv"}
    answers = [http.post("/v1/datasets?name=i", content=b"a,b\n1,x\n2,y\n", headers=headers)
               for _ in range(2)]  # fmt: skip
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    other = http.post("/v1/datasets?name=i", content=b"a,b\n9,x\n", headers=headers)
    refused(other, 409, "IDEMPOTENCY_KEY_REUSED")
    refused(http.post("/v1/datasets", content=b"a", headers={"Idempotency-Key": "x" * 256}), 422)
    http.delete(f"/v1/datasets/{answers[0].json()['id']}")
