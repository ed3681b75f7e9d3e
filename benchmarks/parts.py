"""What the parts of a service cost: an ask, a trial's commits, a page of the leaderboard.

    python -m benchmarks.parts

Asks are timed twice on one history, with our sampler and with Optuna's own, in processor time, each
after one more trial has ended;
commits by the clock and in processor time, on SQLite and on a PostgreSQL started here, with a write
to the disk alone after each trial. Medians, and the least: other programs slow the rest.
"""

import os
import random
import statistics
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest import mock

import optuna
from threadpoolctl import threadpool_limits

from automl.core.catalog import FamilyName, MetricName, TaskType, TrialState, ValidationStrategy
from automl.core.study import Budget, Plan, StudySpec, TaskSpec
from automl.core.trial import Candidate, Trial, Turn
from automl.runner.studies import Studies
from automl.search.ask import ask
from automl.search.memory import Memory
from automl.settings import Settings
from automl.store import SqlStore, open_store
from tests import servers
from tests.store import values
from tests.store.test_leaderboard import fill

TABLES = ("linear", "decision_tree", "random_forest", "extra_trees", "lightgbm", "catboost",
          "mlp", "resnet", "realmlp", "tabm")  # fmt: skip
SPEC = StudySpec("ds", TaskSpec(TaskType.CLASSIFICATION, "y"), Budget(seconds=3600.0))
ASKS = 40
TRIALS = 200


def main() -> None:
    families = tuple(map(FamilyName, TABLES))
    with threadpool_limits(1):  # as in a worker
        for count, names in ((120, (FamilyName.MLP,)), (1000, families), (1000, (FamilyName.MLP,))):
            asks(count, names)
    with tempfile.TemporaryDirectory() as name, servers.postgres(fsync="on") as server:
        folder = Path(name)
        for url in ("", server.database()):
            with opened(folder, url) as store:
                what = "SQLite" if store.database.local else "PostgreSQL"
                commits(store, what, folder / "probe")
                pages(store, what)


class Optunas(optuna.samplers.TPESampler):
    """Optuna's own sampler, set up as ours is."""

    def __init__(self, space: Mapping[str, Any], _when: Mapping[str, Any]) -> None:
        self._space = space
        self.seed(0)

    def seed(self, seed: int, settled: Mapping[str, Any] = MappingProxyType({})) -> None:
        if settled.keys() & self._space.keys():
            raise ValueError("Optuna's own sampler knows of no settled hyperparameters")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            super().__init__(
                multivariate=True, group=True, constant_liar=True, n_startup_trials=0, seed=seed
            )


def asks(count: int, names: tuple[FamilyName, ...]) -> None:
    """Time asks at so many trials, warm."""
    plan = Plan(
        task=TaskType.CLASSIFICATION, target="y", metric=MetricName.ROC_AUC, positive=1,
        classes=("a", "b"), features=("x", "z"), families=names,
        strategy=ValidationStrategy.KFOLD, folds=5, rows=20_000, test_rows=0, dropped_rows=0,
        baseline=0.5,
    )  # fmt: skip
    chance, trials, memory = random.Random(0), list[Trial](), Memory()
    for number in range(count):
        trials.append(_ended(_ask(plan, trials, number, memory), number, chance))
    ours = _timed(plan, trials, memory)
    with mock.patch("automl.search.memory.ArrayTPE", Optunas):
        theirs = _timed(plan, trials, Memory())
    which = names[0].value if len(names) == 1 else f"{len(names)} families"
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(
        f"an ask at {count} trials of {which}: {_ms(ours)}, "
        f"with Optuna's sampler {_ms(theirs)}, ratio {ratio:.2f}"
    )


def _ask(plan: Plan, trials: list[Trial], number: int, memory: Memory) -> Candidate:
    found = ask(plan, SPEC, trials, number, seconds_left=3000.0, memory=memory)
    if found is None:
        raise RuntimeError("the search wants no more")
    return found


def _timed(plan: Plan, trials: list[Trial], memory: Memory) -> list[float]:
    """Return the seconds of asks, each after one more trial, once the memory is warm."""
    chance, trials, took = random.Random(1), [*trials], list[float]()
    numbers = range(len(trials), len(trials) + ASKS)
    for number in numbers:  # every family's memory
        _ask(plan, trials, number, memory)
    for number in numbers:
        begun = time.thread_time()
        candidate = _ask(plan, trials, number, memory)
        took.append(time.thread_time() - begun)
        trials.append(_ended(candidate, number, chance))
    return took


def _ended(candidate: Candidate, number: int, chance: random.Random) -> Trial:
    value = chance.random()
    return Trial("s", number, TrialState.COMPLETE, candidate, value=value, seconds=1.0)


@contextmanager
def opened(folder: Path, url: str) -> Iterator[SqlStore]:
    store = open_store(Settings(data_dir=folder, database_url=url))
    store.migrate()
    yield store
    store.close()


def commits(store: SqlStore, what: str, probe: Path) -> None:
    """Time a trial's way through the store, and a synced write of a page beside each."""
    dataset = values.add_dataset(store)
    study = values.add_study(store, seconds=3600, trials=None, dataset=dataset)
    warm = Studies(store, mock.Mock())
    clock, processor = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)

    def timed(name: str, act: Callable[[], Any]) -> Any:
        begun = time.perf_counter(), time.thread_time()
        answer = act()
        clock[name].append(time.perf_counter() - begun[0])
        processor[name].append(time.thread_time() - begun[1])
        return answer

    with probe.open("wb", buffering=0) as file:
        for number in range(TRIALS):
            turn = timed("claim", lambda: store.leases.claim("w"))
            if not isinstance(turn, Turn):
                raise TypeError(f"a turn was expected, not {turn!r}")
            timed("look at the history", lambda: warm.look(study.tenant, study.id))
            held = timed("begin", partial(store.leases.begin, "w", turn, values.CANDIDATE))
            outcome = timed("two files", partial(values.outcome, store, 0.5, mark=str(number)))
            timed("complete", partial(store.leases.complete, held, outcome))
            timed("a synced write of 4 KiB", lambda: _synced(file))
    for kind, acts in (("by the clock", clock), ("of the processor", processor)):
        verbs = (acts[name] for name in ("claim", "begin", "complete"))
        whole = [sum(parts) for parts in zip(*verbs, strict=True)]
        shown = ", ".join(f"{name} {_ms(seconds)}" for name, seconds in acts.items())
        print(f"{what}, {kind}: claim + begin + complete {_ms(whole)}; {shown}")


def pages(store: SqlStore, what: str) -> None:
    """Time a page of 100 of a leaderboard of 10,000 trials, the highest and the lowest first."""
    study = values.add_study(store, seconds=3600, trials=None)
    fill(store, study, 10_000)

    def page(*, maximize: bool) -> None:
        with store.unit() as unit:
            unit.trials.list(
                study.id, sort="value", maximize=maximize, state=None, after=None, limit=100
            )

    for maximize in (True, False):
        took = [_seconds(partial(page, maximize=maximize)) for _ in range(30)]
        print(f"{what}: the best 100 of 10,000, {'highest' if maximize else 'lowest'}: {_ms(took)}")


def _synced(file: FileIO) -> None:
    """Write a page and wait for the disk."""
    file.write(random.randbytes(4096))
    os.fdatasync(file.fileno())


def _seconds(act: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _ms(seconds: list[float]) -> str:
    return f"{1e3 * statistics.median(seconds):.1f} ms"


if __name__ == "__main__":
    main()
