import gzip
import hashlib

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.downloads import disposition
from automl.core.schema import Dataset
from automl.core.study import Study
from tests.api.harness import Service, add_dataset, tiny_model
from tests.api.problems import problem

CONTENT = b"size,colour\n1,red\n2,blue\n"
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


def _get(service: Service, dataset: Dataset, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.get(f"/v1/datasets/{dataset.id}/download", headers=sent)


def test_the_bytes_come_back(service: Service, dataset: Dataset) -> None:
    response = _get(service, dataset)
    assert response.content == CONTENT
    assert response.headers["etag"] == ETAG
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-length"] == str(len(CONTENT))
    assert response.headers["content-type"].startswith("text/csv")
    assert "tiny.csv" in response.headers["content-disposition"]


@pytest.mark.parametrize(
    ("name", "saved"), [("pm.csv.gz", "pm.csv.gz"), ("pm", "pm.csv.gz"), ("a.gz", "a.csv.gz")]
)
def test_a_packed_file_is_sent_as_one(service: Service, name: str, saved: str) -> None:
    content = gzip.compress(CONTENT)
    made = service.post(f"/v1/datasets?name={name}", content=content).json()
    response = service.get(f"/v1/datasets/{made['id']}/download")
    assert response.content == content
    assert response.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in response.headers
    assert f'filename="{saved}"' in response.headers["content-disposition"]


@pytest.mark.parametrize(
    ("wish", "start", "end"),
    [
        ("0-", 0, 25),
        ("0-0", 0, 1),
        ("3-7", 3, 8),
        ("-5", 20, 25),
        ("-500", 0, 25),
        ("5-999", 5, 25),
    ],
)
def test_a_range_is_a_206(
    service: Service, dataset: Dataset, wish: str, start: int, end: int
) -> None:
    response = _get(service, dataset, Range=f"bytes={wish}")
    assert response.status_code == 206
    assert response.content == CONTENT[start:end]
    assert response.headers["content-range"] == f"bytes {start}-{end - 1}/25"
    assert response.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("wish", ["bytes=25-", "bytes=-0", "bytes=999999999999-"])
def test_a_range_outside_is_a_416(service: Service, dataset: Dataset, wish: str) -> None:
    response = _get(service, dataset, Range=wish)
    problem(response, 416, "RANGE_NOT_SATISFIABLE")
    assert response.headers["content-range"] == "bytes */25"


@pytest.mark.parametrize("wish", ["bytes=5-2", "bytes=-", "lines=1-2", "bytes=0-1,3-4", "x", ""])
def test_a_range_that_cannot_be_read_is_ignored(
    service: Service, dataset: Dataset, wish: str
) -> None:
    response = _get(service, dataset, Range=wish)
    assert (response.status_code, response.content) == (200, CONTENT)


def test_if_range_guards_a_resumed_download(service: Service, dataset: Dataset) -> None:
    same = _get(service, dataset, Range="bytes=5-", If_Range=ETAG)
    assert (same.status_code, same.content) == (206, CONTENT[5:])
    for other in ('"other"', f"W/{ETAG}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        changed = _get(service, dataset, Range="bytes=5-", If_Range=other)
        assert (changed.status_code, changed.content) == (200, CONTENT)


def test_if_none_match_spares_the_bytes(service: Service, dataset: Dataset) -> None:
    for header in (ETAG, f'"x", {ETAG}', f"W/{ETAG}", "*"):
        response = _get(service, dataset, If_None_Match=header)
        assert (response.status_code, response.content) == (304, b"")
    assert _get(service, dataset, If_None_Match='"x"').status_code == 200


def test_if_match_refuses_other_bytes(service: Service, dataset: Dataset) -> None:
    for header in (ETAG, f'"x", {ETAG}', "*"):
        assert _get(service, dataset, If_Match=header).content == CONTENT
        assert _get(service, dataset, If_Match=header, Range="bytes=5-").content == CONTENT[5:]
    for other in ('"other"', f"W/{ETAG}", '"x", "y"', ""):
        refused = _get(service, dataset, If_Match=other, If_None_Match=ETAG, Range="bytes=5-")
        problem(refused, 412, "PRECONDITION_FAILED")
        assert refused.headers["etag"] == ETAG


def test_head_tells_the_same_without_the_bytes(service: Service, dataset: Dataset) -> None:
    path = f"/v1/datasets/{dataset.id}/download"
    head, whole = service.client.head(path), service.get(path)
    assert head.content == b""
    for name in ("etag", "content-length", "content-type", "content-disposition"):
        assert head.headers[name] == whole.headers[name]


def test_a_models_file_is_the_one_that_was_published(service: Service, ended: Study) -> None:
    content = tiny_model()
    shown = service.get(f"/v1/models/{ended.model_id}").json()["formats"][0]
    digest = hashlib.sha256(content).hexdigest()
    assert shown == {"format": "onnx", "bytes": len(content), "sha256": digest}
    for path in (f"/v1/models/{ended.model_id}/download", f"/v1/studies/{ended.id}/model/download"):
        response = service.get(path)
        assert response.content == content
        assert response.headers["etag"] == f'"{digest}"'
        assert f"{ended.model_id}.onnx" in response.headers["content-disposition"]
        assert service.client.head(path).headers["content-length"] == str(len(content))
        problem(service.get(f"{path}?format=bundle"), 422, "INVALID_INPUT")  # it was made without
        problem(service.get(f"{path}?format=pickle"), 422, "INVALID_INPUT")


def test_a_name_cannot_break_out_of_the_header(service: Service) -> None:
    dataset = add_dataset(service.store, name='../"a\r\nb; filename=x%41ü\u202e.csv')
    header = _get(service, dataset).headers["content-disposition"]
    assert header == (
        'attachment; filename="_a__b_ filename=x_41___.csv"; '
        "filename*=UTF-8''_a__b%3B%20filename%3Dx%2541%C3%BC_.csv"
    ) or header.startswith("attachment; filename=")
    assert "\r" not in header
    assert header.count('"') == 2


@given(st.text(max_size=300))
def test_any_name_makes_a_header(name: str) -> None:
    header = disposition(name.encode("utf-8", "replace").decode())
    header.encode("latin-1")
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert "/" not in header
    assert len(header) < 2500
