import gzip
import hashlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.harness import Hand, Service, add_dataset, add_study, wait_for
from tests.api.problems import problem

CSV = b"size,colour,row\n" + b"".join(b"%d,%s,%d\n" % (n % 7, b"red" if n % 3 else b"blue", n)
                                      for n in range(60))  # fmt: skip
TEXT = {"Content-Type": "text/csv"}


def _upload(
    service: Service, content: bytes = CSV, query: str = "?name=tiny", **headers: str
) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.post(f"/v1/datasets{query}", content=content, headers={**TEXT, **sent})


def _leftovers(service: Service) -> list[Path]:
    inbox = service.settings.data_dir / "inbox"
    return [path for path in inbox.rglob("*") if path.is_file() and path.name != "lock"]


def _ids(service: Service) -> set[str]:
    return {item["id"] for item in service.get("/v1/datasets?limit=500").json()["items"]}


def test_a_raw_upload_becomes_a_dataset(service: Service) -> None:
    rings = service.bell.rings
    response = _upload(service)
    body = response.json()
    assert response.status_code == 201, body
    assert response.headers["location"] == f"/v1/datasets/{body['id']}"
    assert body["name"] == "tiny"
    assert body["modality"] == "table"
    assert body["format"] == "csv"
    assert body["bytes"] == len(CSV)
    assert body["sha256"] == hashlib.sha256(CSV).hexdigest()
    assert body["rows"] == 60
    assert body["shape"] is None
    assert body["classes"] is None
    assert [column["name"] for column in body["columns"]] == ["size", "colour", "row"]
    size, colour, _ = body["columns"]
    assert (size["kind"], size["min"], size["max"], size["missing"]) == ("numeric", 0, 6, 0)
    assert colour["kind"] in ("categorical", "boolean")
    assert ["red", 40] in colour["top"]
    assert service.get(f"/v1/datasets/{body['id']}").json() == body
    assert body["id"] in _ids(service)
    assert service.bell.rings == rings + 2  # as it began to arrive, and now
    assert service.get(f"/v1/datasets/{body['id']}/download").content == CSV
    assert not _leftovers(service)


def test_workers_warm_up_before_an_upload_is_read(service: Service) -> None:
    rings = service.bell.rings
    problem(_upload(service, b""), 422)
    assert service.bell.rings == rings + 1


def test_a_preview_shows_the_first_rows(service: Service) -> None:
    dataset_id = _upload(service).json()["id"]
    path = f"/v1/datasets/{dataset_id}/preview"
    rows = service.get(path).json()["rows"]
    assert len(rows) == 20
    assert rows[1]["colour"] == "red"
    assert len(service.get(f"{path}?rows=3").json()["rows"]) == 3
    assert len(service.get(f"{path}?rows=100000").json()["rows"]) == 60
    for wrong in ("0", "-1", "x"):
        problem(service.get(f"{path}?rows={wrong}"), 422)


def test_a_form_becomes_a_dataset(service: Service) -> None:
    files = {"file": ("C:\\data\\näme.csv", CSV, "text/csv")}
    body = service.post("/v1/datasets", files=files).json()
    assert (body["name"], body["rows"], body["bytes"]) == ("näme.csv", 60, len(CSV))
    fields = {"name": "given", "modality": "table"}
    body = service.post("/v1/datasets", files=files, data=fields).json()
    assert (body["name"], body["sha256"]) == ("given", hashlib.sha256(CSV).hexdigest())
    assert not _leftovers(service)


@pytest.mark.parametrize("charset", ["koi8-r", "shift_jis", "gb18030", "mac-roman"])
@pytest.mark.parametrize("form", [False, True])
def test_the_charset_of_the_media_type_is_obeyed(
    service: Service, charset: str, form: bool
) -> None:
    word = {"koi8-r": "Привет", "shift_jis": "東京", "gb18030": "北京"}.get(charset, "Müller")
    content = ("name,y\n" + f"{word},1\nx,2\n" * 20).encode(charset)
    media_type = f'text/csv; charset="{charset}"'
    if form:
        files = {"file": ("a.csv", content, media_type)}
        response = service.post("/v1/datasets", files=files)
    else:
        headers = {"Content-Type": media_type}
        response = service.post("/v1/datasets", content=content, headers=headers)
    assert [word, 20] in response.json()["columns"][0]["top"]


def test_gzip_is_taken(service: Service) -> None:
    body = _upload(service, gzip.compress(CSV), "?name=x.csv.gz").json()
    assert body["rows"] == 60


@pytest.mark.parametrize(
    ("content", "query", "status", "reason"),
    [
        (b"", "", 422, "DATASET_UNREADABLE"),
        (b"\x00\x01\x02\x03" * 100, "", 422, "DATASET_UNREADABLE"),
        (b"a,b\n1,2\n3\n4,5,6\n", "", 422, "DATASET_UNREADABLE"),
        (CSV, "?modality=image", 422, "DATASET_UNREADABLE"),
        (CSV, "?modality=soup", 422, "INVALID_INPUT"),
        (CSV, "?name=", 422, "INVALID_INPUT"),
        (CSV, "?name=a%00b", 422, "INVALID_INPUT"),
        (CSV, "?name=" + "x" * 201, 422, "INVALID_INPUT"),
    ],
)
def test_what_cannot_be_taken_leaves_nothing(
    service: Service, content: bytes, query: str, status: int, reason: str
) -> None:
    before = _ids(service)
    problem(_upload(service, content, query), status, reason)
    assert _ids(service) == before
    assert not _leftovers(service)


def test_bad_lines_are_named(service: Service) -> None:
    body = problem(_upload(service, b"a,b\n1,2\n3\n4,5\n"), 422, "DATASET_UNREADABLE")
    assert body["errors"][0]["line"] == 3


BOUNDARY = "----x"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def _part(name: str, value: bytes, *more: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
    return head + b"".join(more) + b"\r\n\r\n" + value + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        END,
        b"nonsense",
        _part("file", CSV),
        _part("file", CSV)[:-20],
        _part("name", b"x") + END,
        _part("file", CSV) + _part("file", CSV) + END,
        _part("file", CSV) + _part("other", b"x") + END,
        _part("file", CSV) + _part("name", b"x") + _part("name", b"y") + END,
        _part("file", CSV) + _part("name", b"\xff\xfe") + END,
        _part("file", CSV) + _part("name", b"x" * 5000) + END,
        _part("file", CSV) + _part("name", b"x" * 300) + END,
        _part("file", CSV) + _part("modality", b"soup") + END,
        _part("file", CSV, b"\r\nX-Long: " + b"y" * 100_000) + END,
        b"--" + BOUNDARY.encode() + b"\r\n\r\nno headers\r\n" + END,
        _part("file", CSV, b"\r\nbad header\x00") + END,
    ],
)
def test_a_broken_form_is_a_422(service: Service, content: bytes) -> None:
    before = _ids(service)
    problem(service.post("/v1/datasets", content=content, headers=FORM), 422)
    assert _ids(service) == before
    assert not _leftovers(service)


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "x" * 300, "; boundary=é"])
def test_a_broken_boundary_is_a_422(service: Service, boundary: str) -> None:
    headers = {b"Content-Type": f"multipart/form-data{boundary}".encode("latin-1")}
    response = service.client.post(
        "/v1/datasets", content=_part("file", CSV) + END, headers=headers
    )
    problem(response, 422, "INVALID_INPUT")


def _endless(chunk: bytes, most: int) -> Iterator[bytes]:
    for _ in range(most // len(chunk)):
        yield chunk


def test_too_large_is_refused_before_the_body(service: Service) -> None:
    content = b"x" * (3 * 1024 * 1024)
    problem(_upload(service, content), 413, "TOO_LARGE")
    problem(service.post("/v1/datasets", files={"file": ("x", content)}), 413, "TOO_LARGE")
    assert not _leftovers(service)


def test_too_large_is_refused_while_it_streams(service: Service) -> None:
    chunk = b"1,2,3\n" * 10_000
    response = service.post("/v1/datasets", content=_endless(chunk, 8 << 20), headers=TEXT)
    problem(response, 413, "TOO_LARGE")
    head = _part("file", b"")[:-2]
    body = iter([head, *_endless(chunk, 8 << 20)])
    problem(service.post("/v1/datasets", content=body, headers=FORM), 413, "TOO_LARGE")
    assert not _leftovers(service)


def test_a_refusal_comes_before_the_end_of_an_endless_body(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as peer:
        peer.sendall(b"POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Length: 99999999999\r\n\r\n" + b"x" * 1000)  # fmt: skip
        assert peer.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_goes_leaves_nothing(service: Service) -> None:
    before = _ids(service)
    key = "gone"
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as peer:
        peer.sendall(b"POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: gone\r\n"
                     b"Content-Length: 1000\r\n\r\na,b\n1,2\n")  # fmt: skip
        wait_for(lambda: _leftovers(service))
    wait_for(lambda: not _leftovers(service))
    assert _ids(service) == before

    def again() -> bool:
        return bool(_upload(service, Idempotency_Key=key).status_code == 201)

    wait_for(again)


def test_the_same_key_gives_the_same_answer(service: Service) -> None:
    first = _upload(service, Idempotency_Key="up-1")
    again = _upload(service, Idempotency_Key="up-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"]
    form = {"file": ("tiny", CSV, "text/csv")}
    sent = service.post("/v1/datasets", files=form, headers={"Idempotency-Key": "up-1"})
    assert sent.json() == first.json()  # the same bytes, name and media type
    reused = "IDEMPOTENCY_KEY_REUSED"
    problem(_upload(service, CSV + b"1,red,9\n", Idempotency_Key="up-1"), 409, reused)
    problem(_upload(service, CSV, "?name=other", Idempotency_Key="up-1"), 409, reused)
    body = {
        "dataset_id": "ds_a",
        "task": {"type": "regression", "target": "x"},
        "budget": {"trials": 1},
    }
    other = service.post("/v1/studies", json=body, headers={"Idempotency-Key": "up-1"})
    problem(other, 409, reused)


def test_a_refused_upload_frees_its_key(service: Service) -> None:
    problem(_upload(service, b"", Idempotency_Key="up-2"), 422)
    assert _upload(service, Idempotency_Key="up-2").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "\x7f"])
def test_a_wrong_key_is_refused(service: Service, key: str) -> None:
    problem(_upload(service, Idempotency_Key=key), 422, "INVALID_INPUT")


def test_twins_create_one_dataset(service: Service) -> None:
    answers: list[httpx.Response] = []

    def one() -> None:
        answers.append(_upload(service, Idempotency_Key="twins"))

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    for answer in answers:
        if answer.status_code != 201:
            problem(answer, 409, "IDEMPOTENCY_IN_FLIGHT")
            assert answer.headers["retry-after"] == "1"
    assert _upload(service, Idempotency_Key="twins").json()["id"] in made


def test_a_dataset_in_use_stays(own: Service) -> None:
    dataset = add_dataset(own.store)
    study = add_study(own.store, dataset, trials=1)
    path = f"/v1/datasets/{dataset.id}"
    problem(own.delete(path), 409, "DATASET_IN_USE")
    Hand(own.store).run(study.id)
    deleted = own.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    problem(own.get(path), 404)
    problem(own.delete(path), 404)
    resumed = own.post(f"/v1/studies/{study.id}/resume", json={"budget": {"trials": 1}})
    problem(resumed, 409, "DATASET_GONE")


def test_what_is_called_a_page_is_not_served_as_one(service: Service) -> None:
    response = _upload(service, CSV, "?name=x", Content_Type="text/html; charset=evil")
    if response.status_code == 201:
        path = f"/v1/datasets/{response.json()['id']}/download"
        assert service.get(path).headers["content-type"].startswith("text/csv")
