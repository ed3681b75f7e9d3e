"""``automl serve``: the whole service as children of one thin process.

The supervisor holds the data dir's lock and the listening socket, so that a dying API loses no
connection; it starts the broker, the API and the workers, and restarts each that dies. It imports
almost nothing: it runs as long as the service does. ``automl worker`` on a machine with several
GPUs is such a process too, of workers alone.
"""

import fcntl
import json
import os
import select
import signal
import socket
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from automl import machine
from automl.settings import Settings
from workers import broker
from workers.part import Part
from workers.process import StartError

WORKERS_STOP_SECONDS = 6.0
API_STOP_SECONDS = 2.0
BROKER_STOP_SECONDS = 1.0
LOOK_SECONDS = 0.5
READY_LOOK_SECONDS = 0.05


def serve(settings: Settings, *, ready: Callable[[str], None]) -> None:
    """Run the whole service until SIGTERM or SIGINT.

    Args:
        settings: of the service and all its parts.
        ready: called once with the URL, when every part answers.

    Raises:
        StartError: the data dir is being served already, the address cannot be listened on, or
            there is no broker's program.
    """
    with _locked(settings.data_dir), _listening(settings) as listener, _signals() as wakeup:
        port = listener.getsockname()[1]
        broker_part, api, workers = _parts(settings, listener)
        parts = [*([broker_part] if broker_part else []), api, *workers]
        url = f"http://{_shown(settings.host)}:{port}"
        try:
            _supervise(parts, wakeup, lambda: _answers(port, settings.host), lambda: ready(url))
        finally:
            _stop(workers, WORKERS_STOP_SECONDS)
            _stop([api], API_STOP_SECONDS)
            _stop([broker_part] if broker_part else [], BROKER_STOP_SECONDS)


def _parts(settings: Settings, listener: socket.socket) -> tuple[Part | None, Part, list[Part]]:
    slots = machine.slots(settings.workers)
    environment = settings.child_environment(AUTOML_WORKERS=str(slots))
    program = _program()
    descriptor = listener.fileno()
    api = Part(
        "api", [*program, "api", "--fd", str(descriptor)], environment, descriptors=[descriptor]
    )
    devices = [settings.device or machine.device(index) for index in range(slots)]
    workers = _workers(devices, program, environment)
    if settings.broker_url:
        return None, api, workers
    return Part("broker", broker.command(settings), environment), api, workers


def work(settings: Settings, devices: Sequence[str]) -> None:
    """Run a worker for each name of a device until SIGTERM or SIGINT, and none after that."""
    environment = settings.child_environment(
        AUTOML_WORKERS=str(settings.workers or len(devices)),
    )
    parts = _workers(devices, _program(), environment)
    with _signals() as wakeup:
        try:
            _supervise(parts, wakeup, answers=lambda: True, ready=lambda: None)
        finally:
            _stop(parts, WORKERS_STOP_SECONDS)


def _workers(
    devices: Sequence[str], program: Sequence[str], environment: Mapping[str, str]
) -> list[Part]:
    """Return a process a device, with a slot for each time that it is named."""
    return [
        Part(
            f"worker-{device}",
            [*program, "worker"],  # without options, for which it would load what reads them
            {**environment, "AUTOML_SLOTS": str(slots), "AUTOML_DEVICE": device},
        )
        for device, slots in Counter(devices).items()
    ]


def _supervise(
    parts: Sequence[Part],
    wakeup: socket.socket,
    answers: Callable[[], bool],
    ready: Callable[[], None],
) -> None:
    """Tend the parts until told to stop."""
    waiting = True
    while True:
        for part in parts:
            match part.tend():
                case int(status):
                    _say("part.ended", part=part.name, status=status)
                case Exception() as error:
                    _say("part.unstarted", part=part.name, error=str(error))
        if waiting and answers():
            waiting = False
            ready()
        look = READY_LOOK_SECONDS if waiting else LOOK_SECONDS
        if _told_to_stop(wakeup, min(look, *(part.due_in for part in parts))):
            return


def _told_to_stop(wakeup: socket.socket, seconds: float) -> bool:
    """Wait for a signal: True for one to stop, False for a child's end or none."""
    readable, _, _ = select.select([wakeup], [], [], seconds)
    numbers = wakeup.recv(4096) if readable else b""
    return signal.SIGTERM in numbers or signal.SIGINT in numbers


def _stop(parts: Sequence[Part], seconds: float) -> None:
    """End parts together: asked first, killed when they take longer than so many seconds."""
    for part in parts:
        part.stop()
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up and any(part.running for part in parts):
        time.sleep(0.02)
    for part in parts:
        if part.running:
            _say("part.killed", part=part.name)
        part.kill()


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "serve.lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StartError(
                f"automl serve is already running on {data_dir} (process {file.read().strip()}); "
                "stop it, or give another --data-dir"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise StartError(
                f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
                "give another --port"
            ) from None
        listener.listen(256)
        yield listener


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """Give a socket that becomes readable with the number of every signal that came."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        yield ours
        signal.set_wakeup_fd(-1)


def _answers(port: int, host: str) -> bool:
    """Return whether the service says that it is ready."""
    try:
        with socket.create_connection((_shown(host).strip("[]"), port), timeout=1.0) as connection:
            connection.sendall(
                b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def _shown(host: str) -> str:
    """Return a host as it stands in a URL that works on this machine."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 -- compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _program() -> list[str]:
    """Return how this very installation's ``automl`` is run."""
    script = Path(sysconfig.get_path("scripts")) / "automl"
    return (
        [sys.executable, str(script)] if script.exists() else [sys.executable, "-m", "automl.cli"]
    )


def _say(event: str, **fields: object) -> None:
    """Write a log line; structlog would double this process's memory."""
    if sys.stderr.isatty():
        words = " ".join(f"{name}={value}" for name, value in fields.items())
        sys.stderr.write(f"{event} {words}\n")
    else:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = {**fields, "event": event, "level": "warning", "timestamp": moment}
        sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()
