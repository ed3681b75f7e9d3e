"""A store with a real dataset and study in it, and the two ends of a worker in one process."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.core.catalog import FamilyName, TaskType
from automl.core.leases import Order
from automl.core.study import Budget, Study, StudySpec, TaskSpec
from automl.core.trial import Attempt, Finish, Trial, Turn
from automl.runner import Runner
from automl.service import datasets, studies
from automl.service.cache import Cache
from automl.settings import Settings
from automl.store import SqlStore, open_store
from tests import tables

TENANT = "default"
TINY: Mapping[str, Mapping[str, Any]] = {
    "mlp": {"layers": [1], "width": [8], "epochs": [5], "batch_size": [128]},
    "lightgbm": {"max_rounds": {"low": 10, "high": 20}},
    "catboost": {"max_rounds": {"low": 10, "high": 20}},
}
"""Candidates that train in a moment."""
SLOW = {"mlp": {"layers": [2], "width": [64], "epochs": [200], "patience": [50]}}
BRIEF = {"mlp": {"layers": [1], "width": [16], "epochs": [25], "dropout": [0.2]}}
MLP = (FamilyName.MLP,)


class Orders:
    """Says what a parent would say; ``then`` may change its mind at every look.

    ``said`` is what it was told of trials taken and let go of.
    """

    def __init__(self, then: Callable[[int], Order] = lambda _: Order.GO_ON) -> None:
        self.looks = 0
        self.said: list[tuple[str, int | None]] = []
        self._then = then

    def order(self, work: Attempt | Finish) -> Order:
        self.looks += 1
        return self._then(self.looks)

    def take(self, work: Attempt | Finish) -> None:
        self.said.append(("take", _number(work)))

    def let_go(self, work: Attempt | Finish) -> None:
        self.said.append(("let go", _number(work)))


def _number(work: Attempt | Finish) -> int | None:
    return work.number if isinstance(work, Attempt) else None


@dataclass
class Bench:
    store: SqlStore
    cache: Cache
    folder: Path

    def runner(
        self,
        *,
        trial_seconds: float = 0.0,
        checkpoint_seconds: float = 10.0,
        free_since: float | None = None,
    ) -> Runner:
        return Runner(
            self.store,
            self.cache,
            worker="w",
            trial_seconds=trial_seconds,
            checkpoint_seconds=checkpoint_seconds,
            free_since=free_since,
        )

    def study(
        self,
        *,
        budget: Budget,
        families: tuple[FamilyName, ...] | None = None,
        space: Mapping[str, Mapping[str, Any]] = TINY,
        rows: int = 200,
    ) -> Study:
        path = tables.mixed(self.folder / "data.csv", rows=rows)
        content = path.read_bytes()
        upload = datasets.Upload(
            path, len(content), hashlib.sha256(content).hexdigest(), "data.csv", "text/csv"
        )
        dataset = datasets.create(self.store, upload, tenant=TENANT, unpacked_limit=1 << 30)
        spec = StudySpec(
            dataset.id,
            TaskSpec(TaskType.CLASSIFICATION, "y"),
            budget,
            families=families,
            search_space={name: space[name] for name in space if name in (families or space)},
        )
        return studies.create(self.store, self.cache, tenant=TENANT, spec=spec)

    def read(self, study: Study) -> Study:
        with self.store.unit() as unit:
            return unit.studies.get(TENANT, study.id)

    def trials(self, study: Study) -> list[Trial]:
        with self.store.unit() as unit:
            return list(unit.trials.history(study.id))

    def claim(self, runner: Runner) -> Attempt | Finish | None:
        work = self.store.leases.claim("w")
        return runner.answer(work) if isinstance(work, Turn) else work

    def attempt(self, runner: Runner) -> Attempt:
        work = self.claim(runner)
        assert isinstance(work, Attempt)
        return work

    def work_off(self, study: Study, runner: Runner) -> Study:
        """Do all there is to do, and return the study as it stands then."""
        while not (stands := self.read(study)).status.ended:
            work = self.claim(runner)
            if work is not None:
                runner.run(work, Orders())
        return stands


def open_bench(folder: Path) -> Bench:
    settings = Settings(data_dir=folder)
    store = open_store(settings)
    store.migrate()
    return Bench(store, Cache(settings.cache_dir, store.artifacts), folder)
