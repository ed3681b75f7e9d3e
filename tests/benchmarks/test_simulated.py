"""Workers of `benchmarks.scale`, which are the product's but for what computes."""

import multiprocessing
from pathlib import Path

from automl.core.catalog import TrialState
from automl.settings import Settings
from automl.store import open_store
from benchmarks.simulated import Seen, Trade, run
from tests.store import values
from tests.workers.fakes import eventually


def test_workers_that_train_nothing_serve_the_trials_of_a_study(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    store = open_store(settings)
    store.migrate()
    study = values.add_study(store, seconds=36_000, trials=None)
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=run, args=(settings, 2, Trade(bytes=400), theirs), daemon=True)
    process.start()
    assert ours.recv() == "there"
    ours.send("on")
    eventually(lambda: values.read(store, study).counts[TrialState.COMPLETE] >= 3)
    ours.send("off")
    ours.send("end")
    seen: Seen = ours.recv()
    process.join()
    store.close()
    assert seen.served[study.tenant, study.id] >= 2
    assert len(seen.acts["claim + begin + complete"]) == seen.served.total()
