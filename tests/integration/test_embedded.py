"""``automl serve`` as a program: its parts, their restarts, its manners."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from automl import machine
from automl.core.errors import AutoMLError
from automl.settings import Settings
from tests.e2e.service import AUTOML, Service, serve, until
from tests.stopwatch import Stopwatch
from workers import broker, embedded

FORBIDDEN = ("libtorch", "/sklearn/", "lightgbm", "catboost", "/scipy/")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serve(tmp_path_factory.mktemp("service") / "data", workers=2) as made:
        yield made


def maps(process: psutil.Process) -> str:
    return Path(f"/proc/{process.pid}/maps").read_text()


def test_its_parts_are_what_ps_shows(service: Service) -> None:
    assert len(service.parts("api")) == 1
    assert len(service.parts("worker")) == 1
    assert len(service.parts("valkey")) == 1
    assert all(worker.nice() >= 10 for worker in service.parts("worker"))


def test_the_workers_of_one_device_are_one_process(service: Service) -> None:
    (process,) = service.parts("worker")
    with service.client() as client:  # a slot tells of itself by its own heartbeat, when it begins
        until(lambda: len(client.get("/v1/workers")["items"]) == 2, "workers")
        ids = {item["id"] for item in client.get("/v1/workers")["items"]}
    assert len(ids) == 2
    assert all(f"-{process.pid}-" in each for each in ids)


def test_only_the_training_child_carries_the_training_libraries(service: Service) -> None:
    lasting = [psutil.Process(service.process.pid), *service.parts("api"), *service.parts("worker")]
    for process in lasting:
        assert not [name for name in FORBIDDEN if name in maps(process)], process


def test_the_nursery_loads_with_the_service(tmp_path: Path) -> None:
    with serve(tmp_path / "data", workers=machine.cores()) as fresh:  # of one thread each
        until(lambda: [*fresh.parts("worker")[0].children()], "no nursery")


def test_an_idle_service_is_small(service: Service) -> None:
    warm = {"workers.child", "workers.nursery"}
    idle = [process for process in service.family() if not warm & {*process.cmdline()}]
    assert sum(process.memory_full_info().pss for process in idle) < 300 * 1024 * 1024


@pytest.mark.parametrize("kind", ["valkey", "api", "worker"])
def test_a_part_that_dies_is_started_again(service: Service, kind: str) -> None:
    before = {process.pid for process in service.parts(kind)}
    service.kill(kind)
    until(lambda: len({p.pid for p in service.parts(kind)} - before) == 1, "not back")
    with service.client() as client:
        until(lambda: client.get("/readyz")["broker"], "no broker")
        until(lambda: len(client.get("/v1/workers")["items"]) == 2, "workers")


def test_a_second_service_on_the_same_data_says_so(service: Service) -> None:
    command = [str(AUTOML), "serve", "--port", "0", "--data-dir", str(service.data_dir)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert f"already running on {service.data_dir} (process {service.process.pid})" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_named(service: Service, tmp_path: Path) -> None:
    command = [str(AUTOML), "serve", "--port", str(service.port), "--data-dir", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{service.port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_ready_is_said_once_on_stdout_and_any_port_will_do(tmp_path: Path) -> None:
    command = [str(AUTOML), "serve", "--port", "0", "--workers", "1", "--data-dir", str(tmp_path)]
    with Stopwatch() as watch, (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
    assert line.startswith("automl is ready: http://127.0.0.1:"), line
    assert watch.seconds < 20.0
    process.terminate()
    assert process.stdout.read() == ""
    assert process.wait(10) == 0
    process.stdout.close()


def test_a_long_path_does_not_break_the_brokers_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    path = broker.socket_path(Settings(data_dir=deep))
    assert len(str(path)) <= 100
    assert path == broker.socket_path(Settings(data_dir=deep))
    assert broker.socket_path(Settings(data_dir=Path("/d"))) == Path("/d/broker/valkey.sock")


def test_somebody_elses_folder_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 4242)
    with pytest.raises(AutoMLError, match="folder of this user"):
        broker.command(Settings(data_dir=tmp_path))


def test_the_supervisor_is_light() -> None:
    code = "import sys, workers.embedded; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"numpy", "sqlalchemy", "celery", "structlog", "fastapi", "rich", "torch"}


def test_a_host_in_a_url() -> None:
    assert embedded._shown("0.0.0.0") == "127.0.0.1"  # noqa: S104 -- not bound
    assert embedded._shown("::1") == "[::1]"
