"""What of a worker's time is training, and what a plain script makes of the same candidates.

    python -m benchmarks.worker_share iris FOLDER... --seconds 40 --candidates 8

A worker's own loop (claim, ask, begin, evaluate, store, commit) on a fresh SQLite store, in this
process and on one thread. Training is what `evaluate` takes (encoding, steps, validation, judging
and out-of-fold predictions) without the curves and checkpoints that it stores on its way; all else
between the end of one trial and the end of the next is not. The plain script is what one writes
with Optuna, scikit-learn and PyTorch; it is given the candidates that the service asked for, in
turns with the worker. Both are told in processor time, which a busy machine changes least, and
``--trials`` makes what is trained independent of the clock too; what a worker waits for the disk is
in the share by the clock beside it. A folder is one of `benchmarks.problem`, iris is
scikit-learn's.
"""

import argparse
import csv
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 -- before the libraries load

from automl.bootstrap import log_to_stderr
from automl.core.catalog import FamilyName, TaskType
from automl.core.leases import Order
from automl.core.study import Budget, Study, StudySpec, TaskSpec
from automl.core.trial import Attempt, Finish, Turn
from automl.runner import Runner, runner, together
from automl.search import evaluate as evaluation
from automl.search import group
from automl.service import datasets, studies
from automl.service.cache import Cache
from automl.settings import Settings
from automl.store import SqlStore, open_store
from benchmarks.plain_search import Plain
from benchmarks.problem import Problem, load
from benchmarks.service import iris
from workers.child import warm_up

LONG_SECONDS = 1.0
"""A trial that trained so long counts for the wanted share."""

TENANT = "default"
PLAIN = {
    "layers": [1, 2, 3], "width": [32, 64, 128], "dropout": [0.0, 0.1, 0.2], "shape": ["brick"],
    "activation": ["relu"], "normalization": ["none"], "initialization": ["kaiming"],
    "label_smoothing": [0.0], "class_weight": ["none"], "optimizer": ["adamw"],
    "schedule": ["cosine"], "warmup": [0.0], "batch_size": [128], "epochs": [20], "patience": [8],
    "clip": [1.0], "penalty": ["l2"],
}  # fmt: skip
"""Networks that a plain script can train just so."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", nargs="+", help="iris, or a folder")
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--trials", type=int, help="instead of seconds")
    parser.add_argument("--candidates", type=int, default=8, help="against a plain script; 0: none")
    given = parser.parse_args()
    log_to_stderr("WARNING")
    warm_up()
    for name in given.data:
        with tempfile.TemporaryDirectory() as folder:
            table = Table.of(name, Path(folder))
            with Worker.on(Path(folder), table) as worker:
                seconds = None if given.trials else given.seconds
                share(worker, Budget(seconds=seconds, trials=given.trials))
            if table.task is TaskType.CLASSIFICATION and given.candidates:
                with Worker.on(Path(folder) / "again", table) as worker:
                    against_plain(worker, given.candidates)


@dataclass(frozen=True)
class Table:
    """A file to learn from."""

    name: str
    path: Path
    target: str
    task: TaskType

    @classmethod
    def of(cls, name: str, folder: Path) -> "Table":
        if name == "iris":
            return cls(name, iris(folder / "iris.csv"), "species", TaskType.CLASSIFICATION)
        problem: Problem = load(name)
        path = folder / "data.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([problem.header, *problem.rows])
        return cls(problem.name, path, problem.target, TaskType(problem.task))


@dataclass(frozen=True)
class Moment:
    """Seconds by the clock and of the processor."""

    clock: float = 0.0
    processor: float = 0.0

    @classmethod
    def now(cls) -> "Moment":
        return cls(time.perf_counter(), time.process_time())

    def __add__(self, other: "Moment") -> "Moment":
        return Moment(self.clock + other.clock, self.processor + other.processor)

    def __sub__(self, other: "Moment") -> "Moment":
        return Moment(self.clock - other.clock, self.processor - other.processor)


@dataclass(frozen=True)
class Spent:
    """Where the time of a trial went."""

    training: Moment
    whole: Moment


@dataclass
class Worker:
    """A worker's loop, and a clock on its training."""

    store: SqlStore
    cache: Cache
    table: Table
    spent: list[Spent] = field(default_factory=list)
    training: Moment = Moment()
    storing: Moment = Moment()

    @classmethod
    @contextmanager
    def on(cls, folder: Path, table: Table) -> Iterator["Worker"]:
        settings = Settings(data_dir=folder)
        folder.mkdir(exist_ok=True)
        store = open_store(settings)
        store.migrate()
        yield cls(store, Cache(settings.cache_dir, store.artifacts), table)
        store.close()

    def study(self, budget: Budget, **more: Any) -> Study:
        path = self.table.path
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        upload = datasets.Upload(path, len(content), digest, path.name, "text/csv")
        dataset = datasets.create(self.store, upload, tenant=TENANT, unpacked_limit=1 << 32)
        spec = StudySpec(dataset.id, TaskSpec(self.table.task, self.table.target), budget, **more)
        return studies.create(self.store, self.cache, tenant=TENANT, spec=spec)

    def runner(self) -> Runner:
        return Runner(self.store, self.cache, worker="w")

    def order(self, _work: Attempt | Finish) -> Order:
        """Say what a parent says nearly always."""
        return Order.GO_ON

    def take(self, work: Attempt | Finish) -> None:
        """Let it be: no parent beats here."""

    def let_go(self, work: Attempt | Finish) -> None:
        """Let it be."""

    def next(self, hand: Runner) -> Attempt | None:
        """Do one trial, None when the search is over."""
        begun, self.training, self.storing = Moment.now(), Moment(), Moment()
        work = self.store.leases.claim("w")
        work = hand.answer(work) if isinstance(work, Turn) else work
        if not isinstance(work, Attempt):
            return None
        hand.run(work, self)
        self.spent.append(Spent(self.training - self.storing, Moment.now() - begun))
        return work

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time trainings, and what they store meanwhile, while the block runs."""
        leases = self.store.leases
        inside = [False]

        def training(real: Any) -> Any:
            def timed(*given: Any, **more: Any) -> Any:
                begun, inside[0] = Moment.now(), True
                try:
                    return real(*given, **more)
                finally:
                    self.training += Moment.now() - begun
                    inside[0] = False

            return timed

        def storing(act: Any) -> Any:
            def timed(*given: Any) -> Any:
                begun = Moment.now()
                answer = act(*given)
                self.storing += Moment.now() - begun if inside[0] else Moment()
                return answer

            return timed

        with (
            mock.patch.object(runner, "evaluate", training(evaluation.evaluate)),
            mock.patch.object(together, "evaluate_together", training(group.evaluate_together)),
            mock.patch.object(leases, "complete", storing(leases.complete)),
            mock.patch.object(leases, "record", storing(leases.record)),
            mock.patch.object(leases, "checkpoint", storing(leases.checkpoint)),
            mock.patch.object(self.store.artifacts, "put", storing(self.store.artifacts.put)),
        ):
            yield


def share(worker: Worker, budget: Budget) -> None:
    """Say what of the time between the first trial and the last one's end was training."""
    worker.study(budget)
    hand = worker.runner()
    with worker.timed():
        while worker.next(hand) is not None:
            continue
    first, *others = worker.spent  # the first loads the data
    took = first.whole
    print(
        f"{worker.table.name}: the first trial {took.clock:.2f} s, processor {took.processor:.2f}"
    )
    long = [one for one in others if one.training.clock >= LONG_SECONDS]
    short = [one for one in others if one.training.clock < LONG_SECONDS]
    for what, some in (("all", others), ("of 1 s and more", long), ("shorter", short)):
        if some:
            training = sum((one.training for one in some), Moment())
            whole = sum((one.whole for one in some), Moment())
            rest = statistics.median((one.whole - one.training).processor for one in some)
            print(
                f"  {what}: {len(some)} trials, {len(some) / whole.clock:.2f} a second "
                f"({len(some) / whole.processor:.2f} of the processor); training is "
                f"{training.processor / whole.processor:.1%} of the processor's time and "
                f"{training.clock / whole.clock:.1%} of all; the rest takes {1e3 * rest:.0f} ms "
                "of the processor a trial"
            )


def against_plain(worker: Worker, candidates: int) -> None:
    """Hold the worker against a plain script, candidate by candidate."""
    study = worker.study(
        Budget(trials=candidates),
        families=(FamilyName.MLP,),
        search_space={FamilyName.MLP.value: PLAIN},
    )
    with worker.store.unit() as unit:
        plan = unit.studies.get(TENANT, study.id).plan
    plain = Plain(worker.table.path, worker.table.target, folds=plan.folds)
    hand, ours, theirs = worker.runner(), list[float](), list[float]()
    while True:
        begun = time.process_time()
        done = worker.next(hand)
        if done is None:
            break
        ours.append(time.process_time() - begun)
        begun = time.process_time()
        plain.trial(done.candidate.params)
        theirs.append(time.process_time() - begun)
    with worker.store.unit() as unit:
        ended = unit.studies.get(TENANT, study.id)
    print(
        f"  {len(ours)} networks of {plan.folds} folds, seconds of the processor: "
        f"ours {sum(ours):.1f}, a plain script {sum(theirs):.1f}, "
        f"ratio {sum(ours) / sum(theirs):.2f}; "
        f"best {plan.metric.value} {ended.best_value:.4f}, plain {abs(plain.best):.4f}"
    )


if __name__ == "__main__":
    main()
