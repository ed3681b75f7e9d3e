"""A study on this machine trains where its workers would: on GPUs, else on the processor."""

import subprocess
import sys
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path

import pytest
import torch

from automl import machine, pipeline
from automl.core.catalog import FamilyName, TaskType
from automl.core.errors import NothingTrained
from automl.core.study import Budget, StudySpec, TaskSpec
from automl.core.trial import Candidate
from automl.search import places, slots
from automl.search.places import Place
from tests.search.studies import mixed
from tests.tables import dataset

Gpus = Callable[[int, int], None]


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Gpus:
    """Let the machine have so many GPUs, of which torch reaches so many, and six cores."""

    def have(there: int, reached: int) -> None:
        monkeypatch.setattr(machine, "gpus", lambda: there)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: reached)
        monkeypatch.setattr(machine, "cores", lambda: 6)

    return have


def test_every_gpu_has_a_slot_and_its_part_of_the_cores(gpus: Gpus) -> None:
    gpus(2, 2)
    found = places.devices()
    assert (found.names, found.complaint) == (("cuda:0", "cuda:1"), None)
    assert (found.slots(0), found.slots(3)) == (2, 3)
    assert places.places(2, found.names) == [Place("cuda:0", 3), Place("cuda:1", 3)]
    assert [place.device for place in places.places(3, found.names)] == [
        "cuda:0",
        "cuda:1",
        "cuda:0",
    ]


def test_a_device_that_is_named_is_the_only_one(gpus: Gpus) -> None:
    gpus(2, 2)
    assert places.devices("cuda:1") == places.Devices(("cuda:1",))
    assert places.devices("cuda:1").slots(0) == 1
    assert places.devices("cpu").slots(0) == 6


def test_without_a_gpu_each_core_has_a_slot_of_one_thread(gpus: Gpus) -> None:
    gpus(0, 0)
    found = places.devices()
    assert (found.names, found.slots(0), found.complaint) == (("cpu",), 6, None)
    assert places.places(2, found.names) == [Place("cpu", 1), Place("cpu", 1)]


@pytest.mark.parametrize("asked", ["cuda:2", "gpu"])
def test_what_torch_cannot_reach_is_the_processor_and_said(gpus: Gpus, asked: str) -> None:
    gpus(2, 2)
    found = places.devices(asked)
    assert (found.names, found.slots(0)) == (("cpu",), 6)
    assert found.complaint == (
        f"{asked} is no device that torch can reach here: training on cpu instead"
    )


def test_of_several_gpus_those_that_torch_reaches_are_used(gpus: Gpus) -> None:
    gpus(3, 1)
    found = places.devices()
    assert (found.names, found.slots(0)) == (("cuda:0",), 1)
    assert found.complaint == (
        "cuda:1 and cuda:2 are no devices that torch can reach here: training on cuda:0 instead"
    )


def test_a_machine_without_gpus_need_not_load_torch_to_know() -> None:
    code = (
        "import sys; from automl import machine; machine.gpus = lambda: 0; "
        "from automl.search import places; places.devices(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


class Dead:
    """A process that dies of its first candidate."""

    started: list[Place] = []  # noqa: RUF012 -- a list to look at, emptied by the test

    def __init__(self, _prepared: object, _deadline: float | None, place: Place) -> None:
        self.place = place
        self.started.append(place)
        self.pipe, self._theirs = Pipe()

    def kill(self) -> None:
        self.pipe.close()

    def die(self) -> None:
        self._theirs.close()


def test_a_process_that_died_is_replaced_on_its_device(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(slots, "_Process", Dead)
    Dead.started.clear()
    first, second = Place("cuda:0", 3), Place("cuda:1", 3)
    candidate = Candidate(FamilyName.MLP)
    with slots.Slots([first, second], mixed(tmp_path, FamilyName.MLP), deadline=None) as running:
        running.start(0, candidate)
        (busy,) = running._busy.values()
        assert isinstance(busy, Dead)
        busy.die()
        running.wait()
        assert Dead.started == [first, second, second]


@pytest.mark.parametrize("count", [1, 2])
def test_networks_train_on_the_device(tmp_path: Path, count: int) -> None:
    table = tmp_path / "data.csv"
    table.write_text("x,y\n" + "\n".join(f"{i % 7},{i % 2}" for i in range(60)))
    data, rows = dataset(table, tmp_path / "data.parquet")
    task = TaskSpec(TaskType.CLASSIFICATION, "y")
    spec = StudySpec(data.id, task, Budget(trials=1), families=(FamilyName.MLP,))
    with pytest.raises(NothingTrained, match="device string: nowhere"):
        pipeline.fit(spec, data, rows, slots=count, devices=("nowhere",))
