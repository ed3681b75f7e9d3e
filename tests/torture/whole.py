"""The whole service on one machine: ``automl serve``, started again when it is killed whole."""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import psutil

from tests.e2e.service import Service, serve
from tests.servers import free_port
from tests.torture.blows import strike_at
from tests.torture.recovery import Struck
from tests.torture.schedule import Part, Strike


class Whole:
    """An `Arena` of one supervisor with SQLite and a broker of its own."""

    def __init__(self, folder: Path, *, workers: int, environment: Mapping[str, str]) -> None:
        self.data_dir = folder / "data"
        self.log = folder / "data.log"
        self._workers = workers
        self._environment = dict(environment)
        self._port = free_port()
        self._stack = ExitStack()
        self._service: Service | None = None

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *why: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.data_dir / 'automl.sqlite'}"

    def strike(self, strike: Strike, busy: Collection[int]) -> Struck | None:
        """Carry a strike out."""
        if strike.part is Part.SERVICE:
            return self._end_all(strike)
        return strike_at(self._parts, strike, busy)

    def stop(self) -> None:
        """End the service in order."""
        self._stack.close()

    def _start(self) -> None:
        self._service = self._stack.enter_context(
            serve(
                self.data_dir,
                workers=self._workers,
                environment=self._environment,
                port=self._port,
            )
        )

    def _parts(self, part: Part) -> Sequence[psutil.Process]:
        assert self._service is not None
        return self._service.parts("valkey" if part is Part.BROKER else part)

    def _end_all(self, strike: Strike) -> Struck:
        """Kill the supervisor, see all others end, and start the service again."""
        assert self._service is not None
        family = self._service.family()
        workers = tuple(process.pid for process in self._parts(Part.WORKER))
        at = time.time()
        self._service.process.kill()
        self._service.process.wait()
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive, f"outlived their supervisor: {alive}"
        self._start()
        return Struck(strike.name, at, workers)
