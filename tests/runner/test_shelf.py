"""Large arrays that workers of a machine have in memory once."""

import mmap
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from structlog.testing import capture_logs

from automl.core.study import Budget
from automl.runner.shelf import Shelf
from automl.runner.studies import Studies
from automl.search import holding
from automl.service.cache import Cache
from tests.runner.bench import MLP, TENANT, Bench


def numbers() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.arange(12, dtype=np.float32).reshape(3, 4)


def test_an_array_comes_back_from_the_file_that_others_map(bench: Bench) -> None:
    one, other = (Shelf(bench.cache).hold(numbers()) for _ in range(2))
    assert isinstance(one, np.memmap)
    assert isinstance(other, np.memmap)
    assert one.filename == other.filename
    np.testing.assert_array_equal(one, numbers(), strict=True)


def test_what_one_writes_no_other_sees(bench: Bench) -> None:
    one = Shelf(bench.cache).hold(numbers())
    one[0, 0] = 7
    np.testing.assert_array_equal(Shelf(bench.cache).hold(numbers()), numbers())


@pytest.fixture
def fence() -> Iterator[int]:
    """Let this process allocate 24 MiB more and no further; gives the limit."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    limit = psutil.Process().memory_info().data + (24 << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, before[1]))
    yield limit
    resource.setrlimit(resource.RLIMIT_DATA, before)


def test_what_is_mapped_takes_nothing_of_what_a_trial_may_allocate(
    bench: Bench, fence: int
) -> None:
    shelf = Shelf(bench.cache)
    rows = np.zeros((2 << 20, 2), dtype=np.float32)  # 16 MiB
    held = [shelf.hold(rows) for _ in range(4)]
    assert all(isinstance(each, np.memmap) for each in held)
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == fence + 4 * rows.nbytes
    part = held.pop()[1:]
    held.clear()
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == fence + rows.nbytes
    del part
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == fence
    with pytest.raises(OSError, match="memory"):  # of its own it gets no more than before
        mmap.mmap(-1, 32 << 20, flags=mmap.MAP_PRIVATE)


def test_without_room_an_array_stays_in_memory_and_that_is_told_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Cache, "keep", full)
    given, shelf = numbers(), Shelf(bench.cache)
    with capture_logs() as told:
        assert shelf.hold(given) is given
        assert shelf.hold(given) is given
    assert [each["event"] for each in told] == ["array.not_shared"]


def test_workers_of_a_study_map_the_same_files_and_train_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = bench.study(budget=Budget(trials=2), families=MLP)
    bench.work_off(study, bench.runner())
    alone = [trial.value for trial in bench.trials(study)]

    monkeypatch.setattr(holding, "HELD_BYTES", 1)
    again = bench.study(budget=Budget(trials=2), families=MLP)
    bench.work_off(again, bench.runner())
    assert [trial.value for trial in bench.trials(again)] == alone
    one, other = (
        Studies(bench.store, bench.cache).prepared(TENANT, again.id).encoded(0, trial.candidate)
        for trial in 2 * [bench.trials(again)[0]]
    )
    assert one.train.x.filename == other.train.x.filename
