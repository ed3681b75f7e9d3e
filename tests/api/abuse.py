"""Malformed requests by the thousand: ``python -m tests.api.abuse --requests 10000 --seed 1``.

Each is a function of the seed and its number, so any of them can be sent again alone (``--only``).
None may be answered with a 5xx, with a refusal that is no problem (RFC 9457), or not at all.
"""

import argparse
import gzip
import http.client
import io
import json
import socket
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from tests.api.harness import Hand, Service, add_dataset, add_study, serving

CLIENTS = 8
ANSWER_SECONDS = 30.0

WORDS = [
    "", " ", "0", "-1", "1e999", "9" * 400, "NaN", "null", "true", "[]", "{}", "\0", "\x1b[31m",
    "%00", "%", "%zz", "..", "..\\..\\", "/etc/passwd", "\u202e", "\ud83d\ude00",
    "\ufeff", "ａ", "<script>alert(1)</script>", "' OR 1=1 --", '"; DROP TABLE studies; --', "=1+1",
    "${7*7}", "{{7*7}}", "a" * 5000, "bytes=0-", "*/*", "text/event-stream", "\r\nX-Evil: 1", "١٢٣",
    "../../etc/passwd",
]  # fmt: skip
NUMBERS = [0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**70), 10**400, 0.1, -0.0, 1e308]
FIELDS = [
    "dataset_id", "test_dataset_id", "task", "columns", "budget", "families", "search_space",
    "validation", "objective", "ensemble", "seed", "priority", "name", "tenant", "rows", "X",
]  # fmt: skip
INNER = [
    "type", "target", "metric", "positive", "seconds", "trials", "strategy", "column", "use",
    "kind", "test_fraction", "max_model_bytes", "max_row_ms", "mlp", "linear", "low", "high", "log",
    "size",
]  # fmt: skip
QUERIES = [
    "limit", "cursor", "sort", "state", "status", "after", "rows", "format", "max_points",
    "dry_run", "name", "modality",
]  # fmt: skip
HEADERS = [
    "Range", "If-Range", "If-None-Match", "Accept", "Last-Event-ID", "Idempotency-Key", "Origin",
    "Content-Type", "Authorization", "Host", "Cookie", "Expect", "Upgrade", "Connection", "TE",
    "X-Forwarded-For", "Content-Encoding", "Accept-Encoding", "X-HTTP-Method-Override",
]  # fmt: skip
METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "BREW",
    "get",
    "A" * 99,
]


@dataclass(frozen=True, slots=True)
class Targets:
    """What there is to attack: a dataset, an ended study and its model."""

    port: int
    dataset_id: str
    study_id: str
    model_id: str


@dataclass(slots=True)
class Tally:
    """What came back: how often each status, and every answer that may not be."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as bytes."""

    kind: str
    content: bytes


def attack(targets: Targets, *, seed: int, numbers: Sequence[int]) -> Tally:
    """Send the requests with these numbers, some at once, and judge the answers."""
    tally = Tally()

    def one(number: int) -> tuple[Sent, int, str | None]:
        sent = request(targets, Random(f"{seed}/{number}"))
        return sent, *judge(targets.port, sent)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for number, (sent, status, complaint) in zip(numbers, pool.map(one, numbers), strict=True):
            tally.statuses[sent.kind, status] += 1
            if complaint is not None:
                tally.wrong.append(f"--only {number} ({sent.kind}): {complaint}")
    return tally


def judge(port: int, sent: Sent) -> tuple[int, str | None]:
    """Return the status of the answer, 0 for none, and what is wrong with it."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as line:
        with suppress(OSError):  # refused before all of it was sent: the answer may be there
            line.sendall(sent.content)
        method = sent.content.split(b" ", 1)[0].decode("latin-1")
        answer = http.client.HTTPResponse(line, method=method)
        try:
            answer.begin()
            body = answer.read() if answer.status >= 400 else b""
        except (OSError, http.client.HTTPException) as error:
            return 0, f"no answer: {error!r}"
    return answer.status, _complaint(answer, body, method)


def _complaint(answer: http.client.HTTPResponse, body: bytes, method: str) -> str | None:
    if answer.status >= 500:
        return f"{answer.status} {body[:300]!r}"
    if answer.status < 400 or method == "HEAD":
        return None
    if answer.getheader("content-type") != "application/problem+json":
        return f"{answer.status} is {answer.getheader('content-type')}"
    told = json.loads(body)
    if told["status"] != answer.status or not told["detail"] or not told["reason"]:
        return f"{answer.status} says {body[:300]!r}"
    leaks = [mark for mark in (b"Traceback", b'.py"', b"site-packages") if mark in body]
    return f"{answer.status} shows {leaks}" if leaks else None


def request(targets: Targets, random: Random) -> Sent:
    """Return one malformed request."""
    kinds: Sequence[Callable[[Targets, Random], bytes]] = (
        _study, _study, _resume, _predict, _rows, _address, _address, _query, _header, _header,
        _method, _noise, _noise, _form,
    )  # fmt: skip
    make = random.choice(kinds) if random.random() > 0.04 else _upload
    return Sent(make.__name__.strip("_"), make(targets, random))


def _http(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    lines = {"Host": "localhost", "Content-Length": str(len(body)), **(headers or {})}
    lines["Connection"] = lines.get("Connection", "close")
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("utf-8", "replace") + body


def _json(path: str, value: Any) -> bytes:
    return _http("POST", path, {"Content-Type": "application/json"}, json.dumps(value).encode())


def _quoted(random: Random, *, safe: str = "") -> str:
    return quote(random.choice(WORDS).encode("utf-8", "surrogatepass"), safe=safe)


def _value(random: Random, depth: int = 0) -> Any:
    pick = random.randrange(9 if depth < 4 else 5)
    if pick < 2:
        return random.choice(WORDS)
    if pick < 4:
        return random.choice(NUMBERS)
    if pick == 4:
        return random.choice([None, True, False])
    if pick < 7:
        return [_value(random, depth + 1) for _ in range(random.randrange(4))]
    names = INNER + WORDS[:6]
    return {random.choice(names): _value(random, depth + 1) for _ in range(random.randrange(4))}


def _study(targets: Targets, random: Random) -> bytes:
    valid = {
        "dataset_id": targets.dataset_id,
        "task": {"type": "classification", "target": "colour"},
        "budget": {"trials": 1},
    }
    body: dict[str, Any] = valid if random.random() < 0.8 else {}
    for _ in range(random.randrange(1, 4)):
        name = random.choice(FIELDS)
        inner = {random.choice(INNER): _value(random, 2) for _ in range(random.randrange(1, 4))}
        known = body.get(name)
        more = {**known, **inner} if isinstance(known, dict) else inner
        body[name] = random.choice([_value(random), inner, more])
    return _json("/v1/studies?dry_run=true", body)


def _resume(targets: Targets, random: Random) -> bytes:
    study = random.choice([targets.study_id, "st_0", _quoted(random)])
    verb = random.choice(["resume", "cancel", "pause"])
    return _json(f"/v1/studies/{study}/{verb}", {"budget": _value(random), "x": _value(random)})


def _predict(targets: Targets, random: Random) -> bytes:
    rows: Any = [{"size": _value(random)}, {random.choice(WORDS): 1, "size": _value(random)}]
    body = random.choice([{"rows": rows}, {"rows": _value(random)}, {"X": _value(random)}, rows])
    return _json(f"/v1/models/{targets.model_id}/predict", body)


def _rows(targets: Targets, random: Random) -> bytes:
    content = damaged(random, random.choice(files(b"size\n1\n2\n,\n")))
    kind = random.choice(["text/csv", "application/octet-stream", "application/x-parquet"])
    headers = {"Content-Type": kind, "Accept": random.choice(["text/csv", "*/*", "x"])}
    return _http("POST", f"/v1/models/{targets.model_id}/predict", headers, content)


def _upload(_: Targets, random: Random) -> bytes:
    content = damaged(random, random.choice(files(b"size,colour\n1,red\n2,blue\n3,\n" * 3)))
    return _http("POST", f"/v1/datasets?name={_quoted(random)}",
                 {"Content-Type": random.choice(["text/csv", "", "a/b"])}, content)  # fmt: skip


def _form(_: Targets, random: Random) -> bytes:
    boundary = random.choice(["x", "----x", '"', "", "x" * 300, "é"])
    parts = [
        b"--x\r\n", b"--x--\r\n", b"\r\n\r\n", b'Content-Disposition: form-data; name="file"',
        b'; filename="../../a"', b"Content-Type: text/html", b"a,b\n1,2\n", b"\0", b"\xff" * 9,
        b'Content-Disposition: form-data; name="' + b"n" * 9000, b"Content-Transfer-Encoding: x",
    ]  # fmt: skip
    body = b"".join(random.choice(parts) for _ in range(random.randrange(12)))
    return _http("POST", "/v1/datasets",
                 {"Content-Type": f"multipart/form-data; boundary={boundary}"}, body)  # fmt: skip


def _address(targets: Targets, random: Random) -> bytes:
    word = _quoted(random, safe=random.choice(["", "/."]))
    path = random.choice([
        f"/v1/datasets/{word}", f"/v1/datasets/{word}/preview", f"/v1/datasets/{word}/download",
        f"/v1/studies/{word}", f"/v1/studies/{targets.study_id}/trials/{word}",
        f"/v1/studies/{targets.study_id}/{word}", f"/v1/studies/{word}/events",
        f"/v1/models/{word}", f"/v1/models/{word}/download", f"/assets/{word}", f"/{word}",
        f"/v1/{word}", f"//{word}", f"/v1//{word}/", f"/docs/{word}",
    ])  # fmt: skip
    return _http("GET", path)


def _query(targets: Targets, random: Random) -> bytes:
    path = random.choice([
        "/v1/datasets", "/v1/studies", "/v1/models", "/v1/workers", "/v1/families",
        f"/v1/studies/{targets.study_id}/trials", f"/v1/studies/{targets.study_id}/events",
        f"/v1/studies/{targets.study_id}/trials/0", f"/v1/models/{targets.model_id}/download",
        f"/v1/studies/{targets.study_id}/model/download",
        f"/v1/datasets/{targets.dataset_id}/preview",
    ])  # fmt: skip
    pairs = [f"{random.choice(QUERIES)}={_quoted(random)}" for _ in range(random.randrange(1, 5))]
    return _http("GET", f"{path}?{'&'.join(pairs)}")


def _header(targets: Targets, random: Random) -> bytes:
    path = random.choice([
        f"/v1/models/{targets.model_id}/download", f"/v1/studies/{targets.study_id}/events",
        f"/v1/studies/{targets.study_id}/report", "/v1/studies", "/", "/docs", "/metrics",
    ])  # fmt: skip
    headers = {
        random.choice(HEADERS): random.choice(WORDS).replace("\r\n", " ").replace("\0", "")
        for _ in range(random.randrange(1, 4))
    }
    return _http("GET", path, {**headers, "Connection": "close"})


def _method(targets: Targets, random: Random) -> bytes:
    path = random.choice([
        "/v1/datasets", "/v1/families", "/", "/openapi.json", "/metrics", "/v1", "/v1/keys", "*",
        f"/v1/models/{targets.model_id}/download", "/healthz", "http://localhost/v1/studies",
    ])  # fmt: skip
    return _http(random.choice(METHODS), path)


def _noise(_: Targets, random: Random) -> bytes:
    """Return a request in which some bytes are others; its head still ends."""
    content = bytearray(_http("GET", "/v1/studies?limit=3", {"Accept": "application/json"})[:-4])
    for _wound in range(random.randrange(1, 6)):
        content[random.randrange(len(content))] = random.randrange(256)
    return bytes(content) + b"\r\n\r\n"


def files(table: bytes) -> list[bytes]:
    """Return a table of CSV in several wrappings, and things that are no table."""
    workbook = io.BytesIO()
    with zipfile.ZipFile(workbook, "w") as zipped:
        zipped.writestr("xl/workbook.xml", b"<x/>")
        zipped.writestr("../../evil.csv", table)
    return [
        table, gzip.compress(table), workbook.getvalue(), b"PAR1" + table + b"\4\0\0\0PAR1",
        b'{"size": 1}\n{"size": [1]}\n', table.decode().encode("utf-16"), b"", b"\0" * 999,
        table.replace(b",", b'"'), b"%PDF-1.7", b"\xd0\xcf\x11\xe0" * 200, b"size\n" + b"9" * 9999,
    ]  # fmt: skip


def damaged(random: Random, content: bytes) -> bytes:
    """Return the bytes with some cut out, doubled or changed; sometimes as they are."""
    for _ in range(random.randrange(4)):
        at, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
        wound = random.choice([b"", content[at:end] * 2, random.randbytes(9), b"\0", b'"', b"\n"])
        content = content[:at] + wound + content[end:]
    return content[:50_000]


def prepare(service: Service) -> Targets:
    """Give a service a study that has ended, with rows that can be read."""
    headers = {"Content-Type": "text/csv"}
    rows = b"size,colour\n" + b"1,red\n2,blue\n" * 20
    uploaded = service.post("/v1/datasets", content=rows, headers=headers).json()["id"]
    study = add_study(service.store, add_dataset(service.store), trials=1)
    Hand(service.store).run(study.id)
    model_id = service.get(f"/v1/studies/{study.id}").json()["model_id"]
    return Targets(service.port, uploaded, study.id, model_id)


def main() -> int:
    """Attack a service of our own; exit code 1 when an answer was wrong."""
    parser = argparse.ArgumentParser(description="Send malformed requests to a service.")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="send this one alone")
    given = parser.parse_args()
    numbers = range(given.requests) if given.only is None else [given.only]
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as service:
        targets = prepare(service)
        tally = attack(targets, seed=given.seed, numbers=numbers)
        alive = service.get("/healthz").status_code == 200
    sys.stdout.writelines(_lines(tally, alive=alive))
    return 1 if tally.wrong or not alive else 0


def _lines(tally: Tally, *, alive: bool) -> Iterator[str]:
    by_class = Counter[int]()
    for (kind, status), count in sorted(tally.statuses.items()):
        by_class[status // 100] += count
        yield f"{kind:10} {status:4} {count:7,}\n"
    total = by_class.total()
    parts = ", ".join(f"{count:,} x {group}xx" for group, count in sorted(by_class.items()))
    yield f"{total:,} requests: {parts}; wrong answers: {len(tally.wrong)}; alive: {alive}\n"
    yield from (f"{line}\n" for line in tally.wrong[:20])


if __name__ == "__main__":
    sys.exit(main())
