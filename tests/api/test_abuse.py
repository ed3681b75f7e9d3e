"""The service under requests that nobody honest sends, and under many who do not move."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api import capacity, protocol
from automl.core.key import Scope
from automl.service import keys
from automl.settings import Settings
from automl.store import open_store
from tests.api import abuse
from tests.api.harness import Service, add_dataset, add_study, wait_for
from tests.api.problems import problem
from tests.servers import free_port
from tests.store.values import keep_dataset

AUTOML = Path(sys.executable).parent / "automl"
STREAM = b"GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"


def test_malformed_requests_are_all_refused_well(own: Service) -> None:
    """The first of those that ``python -m tests.api.abuse`` sends ten thousand of."""
    tally = abuse.attack(abuse.prepare(own), seed=1, numbers=range(600))
    assert tally.wrong == []
    assert tally.statuses.total() == 600
    assert own.get("/healthz").status_code == 200


def _line(service: Service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), timeout=20)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "STALL_SECONDS", 0.6)


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: local",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea",
        b"POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\na,b\n",
        b"POST /v1/studies HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_who_stops_in_the_middle_is_let_go(own: Service, sent: bytes) -> None:
    with _line(own) as line:
        line.sendall(sent)
        while line.recv(65536):
            pass  # ends: we are hung up on
    assert own.get("/healthz").status_code == 200
    inbox = own.settings.data_dir / "inbox"
    wait_for(lambda: not [p for p in inbox.rglob("*") if p.is_file() and p.name != "lock"])


@pytest.mark.usefixtures("brief")
def test_who_never_reads_is_let_go(own: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    small = add_dataset(own.store)
    table = own.store.artifacts.get(small.table)
    source = own.store.artifacts.put("default", "text/csv", [os.urandom(1 << 20)] * 24)
    dataset = keep_dataset(
        own.store, name="large", source=source, table=table, rows=2, columns=small.columns
    )
    lost: list[object] = []
    lose = protocol.Protocol.connection_lost

    def noted(self: protocol.Protocol, exc: Exception | None) -> None:
        lost.append(self.client)
        lose(self, exc)

    monkeypatch.setattr(protocol.Protocol, "connection_lost", noted)
    with _line(own) as line:
        path = f"/v1/datasets/{dataset.id}/download"
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_for(lambda: line.getsockname() in lost)


def test_who_is_slow_but_moves_is_waited_for(own: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that trickles in for longer than a stall lasts, and a reader who sips."""
    monkeypatch.setattr(protocol, "STALL_SECONDS", 2.0)  # which no single byte takes
    body = b"size,colour\n" + b"1,red\n2,blue\n" * 4_000
    head = b"POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    with _line(own) as line:
        line.sendall(head % len(body))
        sent, begun = 0, time.monotonic()
        while time.monotonic() - begun < 1.5 * protocol.STALL_SECONDS:
            line.sendall(body[sent : sent + 1])
            sent += 1
            own.get("/healthz")  # what passes the time, and shows that others are served
        line.sendall(body[sent:])
        assert line.recv(4096).startswith(b"HTTP/1.1 201 ")


def test_many_slow_bodies_hold_nobody_up(own: Service) -> None:
    head = b"POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\na,b\n"
    with ExitStack() as stack:
        lines = [stack.enter_context(_line(own)) for _ in range(100)]
        for line in lines:
            line.sendall(head)
        study = add_study(own.store, add_dataset(own.store), trials=1)
        for path in ("/healthz", "/v1/studies", f"/v1/studies/{study.id}/events"):
            assert own.get(path).status_code == 200
        rows = b"size,colour\n" + b"1,red\n2,blue\n" * 4
        uploaded = own.post("/v1/datasets", content=rows, headers={"Content-Type": "text/csv"})
        assert uploaded.status_code == 201


def test_above_its_capacity_the_service_says_so(
    own: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.client.close()
    monkeypatch.setattr(capacity, "connections", lambda: 4)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(_line(own))
        with httpx.Client(base_url=f"http://127.0.0.1:{own.port}") as client:
            wait_for(lambda: client.get("/healthz").status_code == 503)
            answer = client.get("/healthz")
            problem(answer, 503, "BUSY")
            assert answer.headers["connection"] == "close"
        for _ in range(protocol.MARGIN + 4):
            stack.enter_context(_line(own))
        # The kernel reports a line that was cut off as reset or as ended, by what came first.
        with _line(own) as late, suppress(ConnectionError):
            late.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert late.recv(4096) == b""
    with httpx.Client(base_url=f"http://127.0.0.1:{own.port}") as client:
        wait_for(lambda: client.get("/healthz").status_code == 200)


@dataclass(frozen=True)
class Process:
    """``automl api`` with few descriptors."""

    port: int
    log: Path
    pid: int

    def get(self, path: str, key: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=20)


@contextmanager
def process(folder: Path, *, descriptors: int = 256, **environment: str) -> Iterator[Process]:
    port, log = free_port(), folder / "log"
    settings = {
        "AUTOML_DATA_DIR": str(folder / "data"),
        "AUTOML_LOG_LEVEL": "DEBUG",
        **environment,
    }

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    with log.open("wb") as out:
        running = subprocess.Popen(
            [AUTOML, "api", "--port", str(port)],
            env={**os.environ, **settings},  # noqa: TID251 -- a user's shell
            stdout=out,
            stderr=out,
            preexec_fn=limited,  # noqa: PLW1509 -- nothing of ours runs between fork and exec
        )
        try:
            yield Process(port, log, running.pid)
        finally:
            running.terminate()
            running.wait(timeout=20)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_three_hundred_watchers_leave_descriptors_for_others(tmp_path: Path) -> None:
    """With 256 descriptors: who finds no room is told to come back, and nothing breaks."""
    with closing(open_store(Settings(data_dir=_made(tmp_path / "data")))) as store:
        store.migrate()
        study = add_study(store, add_dataset(store))
    path = f"/v1/studies/{study.id}/events".encode()
    with process(tmp_path) as api, ExitStack() as stack:
        wait_for(lambda: _answers(api.port), seconds=30)
        statuses = []
        for _ in range(300):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", api.port), 20))
            line.sendall(STREAM % path)
            statuses.append(line.recv(4096).split(b" ")[1])
        assert set(statuses) == {b"200", b"503"}
        room_for = (256 - capacity.RESERVE) // 2
        assert room_for <= statuses.count(b"200") <= room_for + 2  # counted once they are begun
        for _ in range(20):
            assert api.get("/v1/studies").status_code == 200
        rows = b"size,colour\n" + b"1,red\n2,blue\n" * 4
        uploaded = httpx.post(f"http://127.0.0.1:{api.port}/v1/datasets", content=rows, timeout=30)
        assert uploaded.status_code == 201
        stack.close()

        def room() -> bool:
            with socket.create_connection(("127.0.0.1", api.port), 20) as line:
                line.sendall(STREAM % path)
                return b" 200 " in line.recv(4096)

        wait_for(room)
    assert b"Traceback" not in api.log.read_bytes()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_no_secret_stands_in_the_log_of_a_run(tmp_path: Path) -> None:
    """Not a key, not a password of the stores, though both are away; not what rows hold."""
    data = _made(tmp_path / "data")
    with closing(open_store(Settings(data_dir=data))) as store:
        store.migrate()
        _, text = keys.create(store, tenant="default", scope=Scope.WRITE)
    secret = text.split(".")[1]
    broker = f"redis://:brokers-secret@127.0.0.1:{free_port()}/0"
    with process(tmp_path, AUTOML_BROKER_URL=broker) as api:
        wait_for(lambda: _answers(api.port), seconds=30)
        url = f"http://127.0.0.1:{api.port}"
        headers = {"Authorization": f"Bearer {text}"}
        rows = b"size,colour\n" + b"1,cell-secret\n2,blue\n" * 8
        made = httpx.post(f"{url}/v1/datasets", content=rows, headers=headers, timeout=30)
        assert made.status_code == 201
        body = {"dataset_id": made.json()["id"], "budget": {"trials": 1},
                "task": {"type": "classification", "target": "colour"}}  # fmt: skip
        started = httpx.post(f"{url}/v1/studies", json=body, headers=headers, timeout=30)
        assert started.status_code == 202
        for path in ("/v1/studies", "/v1/x", "/readyz", "/v1/studies?cursor=x", "/v1/datasets/%0A"):
            api.get(path, text)
            api.get(path, text + "x")
            httpx.get(f"{url}{path}&key={text}", timeout=20)
    log = api.log.read_text()
    assert log
    for word in (secret, "brokers-secret", "cell-secret"):
        assert word not in log


def test_no_password_stands_in_the_log_when_the_database_is_away(tmp_path: Path) -> None:
    database = f"postgresql://someone:databases-secret@127.0.0.1:{free_port()}/automl"
    with process(tmp_path, AUTOML_DATABASE_URL=database) as api:
        wait_for(lambda: api.log.stat().st_size > 0, seconds=30)
    assert "databases-secret" not in api.log.read_text()
