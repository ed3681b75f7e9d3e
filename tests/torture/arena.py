"""A real service on one port for as long as it is struck, and the hand that strikes."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from tests.e2e.service import Service, serve
from tests.servers import free_port
from tests.torture.recovery import Struck
from tests.torture.schedule import Blow, Part, Strike

AIM_SECONDS = 20.0
"""How long to wait for a part to strike at: a training child comes and goes with the work."""

_WORKERS = frozenset({Part.WORKER, Part.CHILD, Part.PARENT})


@dataclass(frozen=True, slots=True)
class Aim:
    """The processes that a strike hits, and of them the worker's parent, 0: none."""

    processes: tuple[psutil.Process, ...]
    worker: int = 0


class Arena:
    """``automl serve`` on one data dir and one port, started again when it is killed whole."""

    def __init__(self, data_dir: Path, *, workers: int, environment: Mapping[str, str]) -> None:
        self._data_dir = data_dir
        self._workers = workers
        self._environment = dict(environment)
        self._port = free_port()
        self._stack = ExitStack()
        self._service: Service | None = None

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *why: object) -> None:
        self._stack.close()

    @property
    def service(self) -> Service:
        """The service as it runs now."""
        assert self._service is not None
        return self._service

    def strike(self, strike: Strike) -> Struck | None:
        """Carry a strike out, its pause too; None: there was nothing to strike at."""
        if strike.part is Part.SERVICE:
            return self._end_all(strike)
        aim = self._aim(strike)
        if aim is None:
            return None
        at = time.time()
        match strike.blow:
            case Blow.KILL:
                _each(aim.processes, psutil.Process.kill)
            case Blow.TERM:
                _each(aim.processes, psutil.Process.terminate)
            case Blow.PAUSE:
                _each(aim.processes, psutil.Process.suspend)
                time.sleep(strike.seconds)
                _each(aim.processes, psutil.Process.resume)
        killed = strike.blow is Blow.KILL and aim.worker
        return Struck(strike.name, at, (aim.worker,) if killed else ())

    def _start(self) -> None:
        self._service = self._stack.enter_context(
            serve(
                self._data_dir,
                workers=self._workers,
                environment=self._environment,
                port=self._port,
            )
        )

    def _end_all(self, strike: Strike) -> Struck:
        """Kill the supervisor, see all others end, and start the service again."""
        family = self.service.family()
        workers = tuple(process.pid for process in self.service.parts("worker"))
        at = time.time()
        self.service.process.kill()
        self.service.process.wait()
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive, f"outlived their supervisor: {alive}"
        self._start()
        return Struck(strike.name, at, workers)

    def _aim(self, strike: Strike) -> Aim | None:
        deadline = time.monotonic() + AIM_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(psutil.NoSuchProcess):
                if aims := list(self._aims(strike)):
                    return aims[strike.index % len(aims)]
            time.sleep(0.05)
        return None

    def _aims(self, strike: Strike) -> Iterator[Aim]:
        """Yield what the strike could hit at this moment."""
        if strike.part not in _WORKERS:
            yield from (Aim((part,)) for part in self.service.parts(strike.part))
            return
        for parent in self.service.parts("worker"):
            children = tuple(parent.children(recursive=True))
            if strike.part is Part.CHILD and children:
                yield Aim(children, parent.pid)
            elif strike.part is Part.PARENT or strike.blow is Blow.TERM:
                yield Aim((parent,), parent.pid)
            elif strike.part is Part.WORKER:
                yield Aim((parent, *children), parent.pid)


def _each(processes: tuple[psutil.Process, ...], strike: object) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            strike(process)  # type: ignore[operator]
