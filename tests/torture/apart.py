"""Parts apart: ``automl api`` and workers over PostgreSQL and Valkey, a bad network in between."""

import signal
import sys
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.e2e.service import AUTOML, until
from tests.servers import Postgres, Valkey, free_port, postgres, valkey
from tests.torture.arena import answers, shell
from tests.torture.blows import strike_at
from tests.torture.crew import Crew, Program
from tests.torture.proxy import Proxy, proxy
from tests.torture.recovery import Struck
from tests.torture.schedule import FAULTS, STORES, Blow, Part, Strike

DELAY_SECONDS = 0.1
"""How late everything arrives under a delay: each answer by two of it."""


class Apart:
    """An `Arena` of an API and workers that share nothing but the two stores.

    Each part has a data dir of its own. Stores are reached through a proxy each; they are not
    started again by themselves, so a blow at one lasts as long as its strike.
    """

    def __init__(self, folder: Path, *, workers: int, environment: Mapping[str, str]) -> None:
        self.data_dir = folder / "data"
        self.log = folder / "data.log"
        self._workers = workers
        self._given = dict(environment)
        self._port = free_port()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            enter = stack.enter_context
            self.postgres: Postgres = enter(postgres())
            self.valkey: Valkey = enter(valkey())
            self.database: Proxy = enter(proxy(self.postgres.port))
            self.broker: Proxy = enter(proxy(self.valkey.port))
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self.crew: Crew = enter(Crew(self._programs(), self.log))
            until(lambda: answers(self.url), f"not ready, see {self.log}")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *why: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def database_url(self) -> str:
        return self.postgres.url

    def strike(self, strike: Strike, busy: Collection[int]) -> Struck | None:
        """Carry a strike out."""
        if strike.part not in STORES:
            return strike_at(self.crew.of, strike, busy)
        at = time.time()
        if strike.blow in FAULTS:
            through = self.database if strike.part is Part.DATABASE else self.broker
            with through.under(FAULTS[strike.blow], DELAY_SECONDS):
                time.sleep(strike.seconds)
        elif strike.part is Part.DATABASE:
            self.postgres.stop(signal.SIGINT if strike.blow is Blow.TERM else signal.SIGQUIT)
            time.sleep(strike.seconds)
            self.postgres.start()
        else:
            self.valkey.stop(signal.SIGTERM if strike.blow is Blow.TERM else signal.SIGKILL)
            time.sleep(strike.seconds)
            self.valkey.start()
        return Struck(strike.name, at)

    def stop(self) -> None:
        """End the API and the workers in order."""
        self.crew.stop()

    def _programs(self) -> list[Program]:
        names = ["api", *(f"worker-{number + 1}" for number in range(self._workers))]
        return [Program(name, self._command(name), self._environment(name)) for name in names]

    def _command(self, name: str) -> list[str]:
        command = ["api"] if name == "api" else ["worker", "--device", "cpu"]
        return [sys.executable, str(AUTOML), *command]

    def _environment(self, name: str) -> dict[str, str]:
        stores = {
            "AUTOML_DATABASE_URL": f"postgresql://automl@127.0.0.1:{self.database.port}/postgres",
            "AUTOML_BROKER_URL": f"redis://127.0.0.1:{self.broker.port}/0",
        }
        own = {
            "AUTOML_DATA_DIR": str(self.data_dir / name),
            "AUTOML_PORT": str(self._port),
            "AUTOML_WORKERS": str(self._workers),
        }
        return {**shell(), **stores, **own, **self._given}
