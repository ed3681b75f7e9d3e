"""Rows that stay in their file: every one once an epoch, as a tensor of all would give them."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from automl.core.frame import Ints, Places
from automl.core.learner import Examples
from automl.training import stream
from automl.training.archive import pack, unpack
from automl.training.fit import fit
from tests.training.folds import RECIPE, SmallNetwork, Watcher, classification

ROWS, GROUP, CLASSES = 300, 5, 3


class File:
    """Rows in memory that count how often each of their groups is read."""

    def __init__(self, x: npt.NDArray[Any]) -> None:
        self._x = x
        self.shape, self.dtype = x.shape, x.dtype
        self.groups: Ints = np.arange(len(x)) // GROUP
        self.read: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._x)

    def __getitem__(self, places: Places) -> npt.NDArray[Any]:
        self.read.update(np.unique(self.groups[places]).tolist())
        return self._x[places]

    def take(self, places: Places) -> "File":
        return File(self._x[places])


def rows() -> npt.NDArray[np.float32]:
    """Return rows sorted by class, which is their second number; the first is their place."""
    place = np.arange(ROWS)
    return np.stack([place, place * CLASSES // ROWS], axis=1).astype(np.float32)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "WINDOW_BYTES", rows().nbytes // 6)


def test_an_epoch_sees_every_row_and_reads_every_group_once() -> None:
    file = File(rows())
    streamed = stream.Stream(file, "cpu")
    order = streamed.order(torch.Generator().manual_seed(1))
    batches = [streamed[batch] for batch in order.tensor_split(23)]
    assert torch.equal(torch.cat(batches), torch.from_numpy(rows())[order])
    assert sorted(order.tolist()) == list(range(ROWS))
    assert set(file.read.values()) == {1}


def test_epochs_differ_and_equal_seeds_do_not() -> None:
    first, again, other = (
        stream.Stream(File(rows()), "cpu").order(torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_every_part_of_an_epoch_sees_all_classes_of_a_sorted_file() -> None:
    order = stream.Stream(File(rows()), "cpu").order(torch.Generator().manual_seed(1))
    classes = torch.from_numpy(rows())[order][:, 1]
    for part in classes.tensor_split(6):
        counts = torch.bincount(part.long(), minlength=CLASSES)
        assert counts.min() >= len(part) / CLASSES - 2 * GROUP


def test_no_more_than_two_windows_are_held() -> None:
    streamed = stream.Stream(File(rows()), "cpu")
    for batch in streamed.order(torch.Generator().manual_seed(1)).tensor_split(23):
        assert len(streamed[batch]) == len(batch)
        assert len(streamed._held) <= 2


def test_parts_are_the_rows_as_they_lie_and_a_look_is_at_some_from_all_over() -> None:
    streamed = stream.Stream(File(rows()), "cpu")
    parts = list(streamed.parts(2 * 7))
    assert {len(part) for part in parts} == {7, ROWS % 7}
    assert torch.equal(torch.cat(parts), torch.from_numpy(rows()))
    assert set(streamed.looked()[:, 1].tolist()) == {0.0, 1.0, 2.0}


def test_a_network_learns_from_a_file_and_goes_on_to_the_same_bytes() -> None:
    fold = classification()
    params = {**RECIPE, "epochs": 6}
    held = fit(SmallNetwork(), params, fold, Watcher())
    kept = replace(
        fold,
        train=Examples(File(fold.train.x), fold.train.y),
        valid=Examples(File(fold.valid.x), fold.valid.y),
    )
    watcher = Watcher()
    fitted = fit(SmallNetwork(), params, kept, watcher)
    values = [point.value for point in watcher.points]
    assert max(value for value in values if value is not None) > 0.8
    streamed, plain = fitted.predict(kept.valid.x), fitted.predict(fold.valid.x)
    assert np.array_equal(streamed, plain)
    assert held.parameters == fitted.parameters
    resumed = unpack(pack(watcher.states[2]))
    again = fit(SmallNetwork(), params, kept, Watcher(), resume=resumed)
    assert pack(again.state()) == pack(fitted.state())


def test_mapped_rows_are_learned_from_where_they_lie_if_they_lie_as_torchs_own(
    tmp_path: Path,
) -> None:
    mapped = np.memmap(tmp_path / "rows", np.float32, mode="w+", shape=(9, 5))
    mapped[:] = np.arange(45).reshape(9, 5)
    for x, there in ((mapped, True), (mapped[1:], False), (mapped[:, :3], False)):
        found = stream.rows(x, "cpu")
        assert isinstance(found, torch.Tensor)
        assert (found.data_ptr() == x.ctypes.data) is there
        np.testing.assert_array_equal(found.numpy(), x)
