"""A group whose process is killed: the real parent, child and store."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from automl.core.catalog import EventType, StudyStatus, TrialState
from automl.core.ports import Event
from automl.core.study import Budget
from automl.settings import Settings
from automl.store.tables import trials
from tests.runner.bench import BRIEF, MLP, Bench, open_bench
from tests.store import values
from tests.workers.fakes import eventually
from workers.keeper import Keeper
from workers.slot import Slot
from workers.start import fresh

ENDS = {
    EventType.TRIAL_COMPLETED,
    EventType.TRIAL_FAILED,
    EventType.TRIAL_RETRIED,
    EventType.TRIAL_RELEASED,
}


@contextmanager
def worker(bench: Bench) -> Iterator[None]:
    """Work for as long as the block runs, with a child that dies in its first group."""
    settings = Settings(data_dir=bench.folder, checkpoint_seconds=0.0)
    command = [sys.executable, "-m", "tests.workers.group_child", "w"]
    slot = Slot(fresh(command, settings.child_environment(OMP_NUM_THREADS="1")))
    keeper = Keeper(bench.store.leases, slot, worker="w", device="cpu", heartbeat=0.5)
    thread = threading.Thread(target=keeper.run)
    thread.start()
    try:
        yield
    finally:
        keeper.leave()
        thread.join(10)
        assert not thread.is_alive()


def together(log: list[Event]) -> Iterator[int]:
    """Yield how many trials run after each event."""
    running: set[int] = set()
    for event in log:
        if event.type is EventType.TRIAL_STARTED:
            running.add(event.data["trial"])
        elif event.type in ENDS:
            running.discard(event.data["trial"])
        yield len(running)


def counted(bench: Bench) -> list[tuple[int, int]]:
    """Return how often each trial crashed without a checkpoint, and how often it was given back."""
    query = select(trials.c.crashes, trials.c.losses).order_by(trials.c.number)
    with bench.store.database.transaction() as tx:
        return [(crashes, losses) for crashes, losses in tx.reader.execute(query)]


def test_what_was_trained_together_is_tried_again_one_by_one_and_ends(tmp_path: Path) -> None:
    bench = open_bench(tmp_path)
    study = bench.study(budget=Budget(seconds=600.0, trials=3), families=MLP, space=BRIEF, rows=400)
    with worker(bench):
        eventually(lambda: bench.read(study).status is StudyStatus.SUCCEEDED, 300.0)
    ends = [(trial.state, trial.attempts) for trial in bench.trials(study)]
    assert ends == [(TrialState.COMPLETE, 2)] * 3
    log = list(values.log(bench.store, study))
    values.check(bench.store, study)
    assert counted(bench) == [(0, 1)] * 3  # no crash: each had a checkpoint of its own
    kinds = Counter(event.type for event in log)
    assert kinds[EventType.TRIAL_RETRIED] == 3
    assert EventType.WORKER_LOST not in kinds  # the parent saw at once that its child was dead
    struck = next(at for at, event in enumerate(log) if event.type is EventType.TRIAL_RETRIED)
    running = list(together(log))
    assert max(running[:struck]) == 3
    assert max(running[struck + 2 :]) == 1
    bench.store.close()
