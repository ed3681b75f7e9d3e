"""Arrays that stay in their table: what is read of them is what reading all would give."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from automl.core.catalog import ColumnKind
from automl.core.frame import Arrays, Frame
from automl.core.schema import Column
from automl.data import arrays, unread
from automl.data.split import content_hashes
from automl.features import arrays as encoders

ROWS, GROUP = 40, 7
COLUMN = Column(
    arrays.INPUT, ColumnKind.IMAGE, "array", missing=0, unique=ROWS, shape=(3, 4, 3), dtype="uint8"
)
X = np.random.default_rng(0).integers(0, 256, (ROWS, *COLUMN.shape), np.uint8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    texts = {arrays.TARGET: ["a"] * ROWS}
    target = Column(arrays.TARGET, ColumnKind.CATEGORICAL, "string", missing=0, unique=1)
    blocks = [X[start : start + GROUP] for start in range(0, ROWS, GROUP)]
    arrays.write(tmp_path / "t.parquet", COLUMN, blocks, texts, [target])
    return tmp_path / "t.parquet"


@pytest.mark.parametrize(
    "places", [slice(None), slice(5, 23), slice(0, 40, 9), np.array([39, 0, 8, 8, 7])], ids=str
)
@pytest.mark.parametrize("rows", [None, np.array([30, 2, 1, 20, 21, 22])], ids=["all", "some"])
def test_it_reads_what_was_written(
    path: Path, places: slice | npt.NDArray[np.int64], rows: npt.NDArray[np.int64] | None
) -> None:
    found = unread.UnreadArrays.open(path, COLUMN, rows)
    whole = X if rows is None else X[rows]
    if isinstance(places, np.ndarray):
        places = places % len(whole)
    assert found.shape == whole.shape
    assert np.array_equal(found[places], whole[places])
    assert np.array_equal(copy.deepcopy(found)[places], whole[places])  # as another process gets it


def test_it_says_what_is_read_together(path: Path) -> None:
    found = unread.UnreadArrays.open(path, COLUMN)
    assert found.groups.tolist() == [row // GROUP for row in range(ROWS)]


def test_of_few_rows_taken_all_are_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, rows = unread.UnreadArrays.open(path, COLUMN), np.array([9, 3, 30])
    assert isinstance(found.take(rows), np.ndarray)
    monkeypatch.setattr(unread, "FEW_BYTES", 36 * 3 - 1)
    taken = found.take(rows)
    assert isinstance(taken, unread.UnreadArrays)
    assert np.array_equal(taken[:], X[rows])


def test_numbers_of_another_type_come_as_wanted(path: Path) -> None:
    found = unread.UnreadArrays.open(path, replace(COLUMN, dtype="float32"))
    assert found[:].dtype == np.float32
    assert np.array_equal(found[:], X)


def test_only_many_stay_and_mean_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = unread.read(path, COLUMN)
    monkeypatch.setattr(unread, "HELD_BYTES", X.nbytes - 1)
    stays = unread.read(path, COLUMN)
    assert isinstance(read.rows, np.ndarray)
    assert not isinstance(stays.rows, np.ndarray)
    assert np.array_equal(stays.values, X)
    monkeypatch.setattr("automl.core.frame._BLOCK", 36 * 9)
    both = [Frame({COLUMN.name: cells}, ROWS) for cells in (read, stays)]
    one, other = (content_hashes(frame, np.zeros(ROWS)) for frame in both)
    assert np.array_equal(one, other)
    encoder = encoders.fit([COLUMN])
    matrices = [encoder.transform(frame) for frame in both]
    assert isinstance(matrices[1], encoders.EncodedArrays)
    assert matrices[1].shape == matrices[0].shape == (ROWS, 3, 3, 4)
    assert matrices[1].dtype == matrices[0].dtype
    assert np.array_equal(matrices[1][5:30], matrices[0][5:30])


def test_series_are_always_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "HELD_BYTES", 0)
    series = replace(COLUMN, kind=ColumnKind.SERIES)
    assert isinstance(unread.read(path, series).rows, np.ndarray)
    assert isinstance(unread.read(path, COLUMN, np.array([3])), Arrays)
