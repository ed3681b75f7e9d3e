"""The nursery, a real one, and the children that it forks."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import cast

import psutil
import pytest

from automl import machine
from automl.core.catalog import TrialState
from automl.core.study import Budget
from automl.core.trial import Attempt
from automl.settings import Settings
from tests.runner.bench import MLP, SLOW, Bench, open_bench
from tests.workers.fakes import eventually
from workers import forks as forks_module
from workers import nursery
from workers.forks import Fork, Forks, Nursery, pair
from workers.keeper import Keeper
from workers.slot import Slot
from workers.start import Child, Fresh, Starts

LOADING_SECONDS = 120.0
"""Only a bound: the libraries may have to come from the disk, beside other tests."""


@dataclass
class Nest:
    """Children of a worker of its own, on a store of its own."""

    bench: Bench

    def __post_init__(self) -> None:
        settings = Settings(data_dir=self.bench.folder, checkpoint_seconds=0.0)
        environment = settings.child_environment(OMP_NUM_THREADS="1")
        self.forks = Forks(environment)

    def start(self, line: int) -> Child:
        child = self.forks.start("w", line)
        assert child is not None
        return child

    def child(self) -> tuple[Child, Connection]:
        """Ask for a child and return it with the parent's end of its line."""
        ours, theirs = Pipe()
        with theirs:
            return self.start(theirs.fileno()), ours


def born(child: Child) -> psutil.Process:
    """Return the process of a child, once there is one."""
    eventually(lambda: child.pid is not None, LOADING_SECONDS)
    return psutil.Process(child.pid)


def held(forks: Forks) -> psutil.Process:
    """Return the process of the nursery, once there is one."""
    place = forks._nursery
    assert place is not None
    eventually(lambda: place.process is not None)
    assert place.process is not None
    return psutil.Process(place.process.pid)


def gone(process: psutil.Process) -> None:
    eventually(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)


@pytest.fixture(scope="module")
def nest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nest]:
    made = Nest(open_bench(tmp_path_factory.mktemp("nest")))
    yield made
    made.forks.close()
    made.bench.store.close()


def test_what_is_killed_before_it_is_there_never_comes(nest: Nest) -> None:
    child, line = nest.child()  # the first of all: the nursery is still loading
    child.kill()
    assert child.wait() != 0
    assert child.pid is None
    with line:
        assert line.poll(LOADING_SECONDS)
        with pytest.raises(EOFError):
            line.recv_bytes()


def test_children_are_forks_of_one_process_and_inherit_nothing_but_their_line(nest: Nest) -> None:
    (first, line), (second, other) = nest.child(), nest.child()
    processes = born(first), born(second)
    parents = {process.ppid() for process in processes}
    assert len(parents) == 1
    assert psutil.Process(parents.pop()).ppid() == os.getpid()
    assert [process.name() for process in processes] == ["child", "child"]
    for process in processes:
        assert process.num_fds() <= 4 + 4  # stdio, the line; the store's, once it looks there
    # A child closes the way on which it told of its birth only once that was heard.
    eventually(lambda: [len(_sockets(process)) for process in processes] == [1, 1])
    assert _sockets(processes[0]) != _sockets(processes[1])
    line.close()  # as if the parent had died
    assert first.wait(10.0) == 0
    assert psutil.pid_exists(processes[1].pid)
    second.kill()
    assert second.wait(10.0) == -signal.SIGKILL
    with pytest.raises(EOFError):
        other.recv_bytes()


def test_an_idle_fork_goes_and_the_next_comes_from_the_same_nursery(nest: Nest) -> None:
    child, _line = nest.child()
    place = born(child).ppid()
    assert child.wait(60.0) == 0
    again, _other = nest.child()
    assert born(again).ppid() == place
    again.kill()
    assert again.wait() == -signal.SIGKILL
    assert not again.lost


def test_a_nursery_shows_no_pages_of_files_that_only_loading_touched(nest: Nest) -> None:
    child, _line = nest.child()
    place = psutil.Process(born(child).ppid())
    assert place.memory_info().shared < 64 << 20  # loading touches 145 MB
    child.kill()
    child.wait()


def test_a_nursery_that_dies_takes_its_children_along_and_another_comes(nest: Nest) -> None:
    child, _line = nest.child()
    process = born(child)
    place = psutil.Process(process.ppid())
    place.kill()
    assert child.wait(10.0) == -signal.SIGKILL
    assert child.lost
    gone(process)
    again, _other = nest.child()
    assert born(again).ppid() != place.pid
    again.kill()
    again.wait()


def test_a_nursery_that_finds_a_thread_has_no_children(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, control = pair()
    (line, theirs), (mine, channel) = Pipe(), pair()
    with control, theirs, channel:
        request = b'{"worker": "w", "asked_at": 0.0}'
        socket.send_fds(ours, [request], [theirs.fileno(), channel.fileno()])
        theirs.close()
        nursery.refuse(control)
    asked = Fork(mine, Nursery(ours))
    assert asked.wait(0.0) == 0
    with line, pytest.raises(EOFError):
        line.recv_bytes()
    forks = Forks({})
    monkeypatch.setattr(forks, "_nursery", Nursery(ours))
    assert forks.start("w", 0) is None
    assert forks.start("w", 0) is None
    forks.close()


def test_a_nursery_loads_before_a_child_is_asked_for_and_can_be_ended_meanwhile() -> None:
    forks = Forks(Settings().child_environment(OMP_NUM_THREADS="1"))
    forks.warm()
    forks.warm()
    eventually(lambda: bool(forks._processes))
    (process,) = forks._processes
    forks.close()
    assert process.returncode == -signal.SIGKILL
    assert not any(thread.is_alive() for thread in forks._threads)


def test_a_nursery_whose_worker_is_gone_loads_nothing() -> None:
    ours, theirs = pair()
    command = [sys.executable, "-m", "workers.nursery", str(theirs.fileno())]
    with ours, theirs:
        ended = subprocess.run([*command, "1"], pass_fds=[theirs.fileno()], check=False)
    assert ended.returncode == 1


def test_a_nursery_that_hangs_before_it_has_loaded_is_given_up(
    nest: Nest, monkeypatch: pytest.MonkeyPatch
) -> None:
    forks = Forks(Settings(data_dir=nest.bench.folder).child_environment())
    ours, theirs = Pipe()
    with theirs:
        child = forks.start("w", theirs.fileno())
    assert child is not None
    place = held(forks)
    place.suspend()
    before = child.overdue
    monkeypatch.setattr(forks_module, "LOADING_SECONDS", 0.0)
    assert (before, child.overdue) == (False, True)
    child.kill()
    assert child.wait(10.0) != 0
    gone(place)
    with ours, pytest.raises(EOFError):
        ours.recv_bytes()
    assert forks.start("w", 0) is None  # children are interpreters from then on
    forks.close()


def test_a_child_whose_descriptor_finds_no_room_is_lost_with_its_nursery(nest: Nest) -> None:
    mine, theirs = pair()
    (asked, line), place = nest.child(), held(nest.forks)
    born(asked)
    child = Fork(mine, cast("Nursery", nest.forks._nursery))
    with theirs:
        theirs.send(b'{"pid": 1}')
        assert child.wait(1.0) == -signal.SIGKILL
    assert child.lost
    gone(place)
    assert asked.wait(10.0) == -signal.SIGKILL
    line.close()


def test_a_request_whose_descriptors_find_no_room_is_refused_alone() -> None:
    ours, control = pair()
    (line, theirs), (mine, channel) = Pipe(), pair()
    with ours, control, line:
        socket.send_fds(ours, [b'{"worker": "w", "asked_at": 0.0}'], [theirs.fileno()])
        theirs.close()
        with channel, pytest.raises(OSError, match="Too many open files"):
            nursery._next(control)
        with pytest.raises(EOFError):
            line.recv_bytes()
    assert Fork(mine, Nursery(ours)).wait(1.0) == 1


def test_what_is_received_is_for_no_other_program() -> None:
    ours, control = pair()
    with ours, control:
        socket.send_fds(ours, [b"it"], [ours.fileno()])
        message, (descriptor,) = forks_module.receive(control, 1)
        assert message == b"it"
        assert not os.get_inheritable(descriptor)
        os.close(descriptor)


def test_a_process_with_a_thread_is_not_forked() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert nursery._unfit().startswith("it has ")
    finally:
        stop.set()
        thread.join()


def test_where_children_cannot_be_forks_they_are_interpreters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 2)
    for device, workers in (("cpu", 1), ("cuda:0", 2)):
        settings = Settings(data_dir=tmp_path, device=device, workers=workers)
        ours, theirs = Pipe()
        with ours, theirs:
            child = Starts(settings).of("w")(theirs.fileno())
            assert isinstance(child, Fresh)
            child.kill()
            assert child.wait() == -signal.SIGKILL


@contextmanager
def working(nest: Nest) -> Iterator[Slot]:
    slot = Slot(nest.start)
    keeper = Keeper(nest.bench.store.leases, slot, worker="w", device="cpu", heartbeat=0.5)
    thread = threading.Thread(target=keeper.run)
    thread.start()
    try:
        yield slot
    finally:
        keeper.leave()
        thread.join(15)
        assert not thread.is_alive()
        assert not slot.busy


def trains(slot: Slot) -> bool:
    return any(isinstance(each.work, Attempt) for each in slot.held)


def test_a_trial_whose_fork_is_killed_goes_on_in_another(nest: Nest) -> None:
    bench = nest.bench
    study = bench.study(budget=Budget(seconds=None, trials=1), families=MLP, space=SLOW, rows=400)
    with working(nest) as slot:
        for blow in (lambda child: child, lambda child: psutil.Process(child.ppid())):
            eventually(lambda: trains(slot), LOADING_SECONDS)
            child = psutil.Process(slot._child.pid if slot._child else None)
            eventually(lambda: bench.trials(study)[0].state is TrialState.RUNNING)
            blow(child).kill()
            eventually(lambda: slot.held == ())
        eventually(lambda: trains(slot), LOADING_SECONDS)
    (trial,) = bench.trials(study)
    assert (trial.state, trial.attempts) == (TrialState.WAITING, 3)


def test_work_goes_on_when_a_nursery_hangs_that_had_loaded(
    nest: Nest, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = nest.bench
    asked, line = nest.child()
    place = psutil.Process(born(asked).ppid())
    asked.kill()
    asked.wait()
    line.close()
    place.suspend()
    monkeypatch.setattr(forks_module, "FORKING_SECONDS", 0.0)
    study = bench.study(budget=Budget(seconds=None, trials=1), families=MLP, space=SLOW, rows=400)
    with working(nest):
        eventually(lambda: bool(bench.trials(study)), LOADING_SECONDS)
    gone(place)
    (trial,) = bench.trials(study)
    assert trial.attempts == 1


def _sockets(process: psutil.Process) -> set[str]:
    found = set()
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            if int(link.name) > 2:
                found.add(str(link.readlink()))
    return {name for name in found if name.startswith("socket:")}
