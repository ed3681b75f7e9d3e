"""Arrays to predict, out of JSON and out of every sort of file."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from automl.core.catalog import ColumnKind
from automl.core.errors import DatasetUnreadable, InvalidRows
from automl.core.model import Input
from automl.data import arrayrows
from automl.data.pixels import decode
from automl.data.rows import from_file, from_json
from tests.data.files import put
from tests.data.pictures import noise, picture, tarred, zipped

NAN = np.nan
GREY = Input("X", ColumnKind.IMAGE, "array", shape=(6, 8), dtype="uint8")
RGB = Input("X", ColumnKind.IMAGE, "array", shape=(6, 8, 3), dtype="uint8")
SCALED = Input("X", ColumnKind.IMAGE, "array", shape=(2, 2), dtype="float32")
SERIES = Input("X", ColumnKind.SERIES, "array", shape=(1, 4), dtype="float32")
PAIR = Input("X", ColumnKind.SERIES, "array", shape=(2, 3), dtype="float64")
COUNTS = Input("X", ColumnKind.SERIES, "array", shape=(1, 2), dtype="int8")
FLAGS = Input("X", ColumnKind.SERIES, "array", shape=(1, 2), dtype="bool")
VOLUME = Input("X", ColumnKind.VOLUME, "array", shape=(2, 2, 2), dtype="float64")


def one(cell: object, item: Input) -> npt.NDArray[Any]:
    values = from_json([{"X": cell, "more": 1}], [item])["X"]
    assert values.dtype == item.dtype
    assert values.shape == (1, *item.shape)
    return np.asarray(values[0])


@pytest.mark.parametrize(
    ("cell", "item", "wanted"),
    [
        ([[1, 2, 3, 4]], SERIES, [[1, 2, 3, 4]]),
        ([1, 2.5, 3, 4], SERIES, [[1, 2.5, 3, 4]]),
        ([1, None, 3], SERIES, [[1, NAN, 3, NAN]]),
        ([[1e300, 2, 3, 4]], SERIES, [[NAN, 2, 3, 4]]),
        ([[1, 2], [3, None]], PAIR, [[1, 2, NAN], [3, NAN, NAN]]),
        ([1, None], COUNTS, [[1, 0]]),
        ([True, False], COUNTS, [[1, 0]]),
        ([True, 0], FLAGS, [[True, False]]),
        ([[[1, 2], [3, 4]], [[5, 6], [None, 8]]], VOLUME, [[[1, 2], [3, 4]], [[5, 6], [0, 8]]]),
        ([[0.5, None], [1, 2]], SCALED, [[0.5, 0], [1, 2]]),
    ],
)
def test_lists_become_arrays(cell: object, item: Input, wanted: Any) -> None:
    np.testing.assert_array_equal(one(cell, item), wanted)


@pytest.mark.parametrize(
    ("cell", "item", "why"),
    [
        ([[1, 2, 3, 4, 5]], SERIES, "1 × 4"),
        ([], SERIES, "1 × 4"),
        (5, SERIES, "single numbers"),
        (None, SERIES, "single numbers"),
        ([[1, 2], [3]], PAIR, "all of one length"),
        ([1], COUNTS, "1 × 2"),
        ([1, 2.5], COUNTS, "whole numbers from -128 to 127"),
        ([1, 300], COUNTS, "whole numbers from -128 to 127"),
        ([1, 2], FLAGS, "whole numbers from 0 to 1"),
        (["1", "2"], COUNTS, "not text"),
        ([1, "2", None], SERIES, "not str"),
        ([{"a": 1}], SERIES, "not dict"),
        ("abcd", SERIES, "not text"),
        ([10**400, 1, 2, 3], SERIES, "a float"),
        ([[[1]] * 2], VOLUME, "2 × 2 × 2"),
    ],
)
def test_what_does_not_fit_is_named(cell: object, item: Input, why: str) -> None:
    with pytest.raises(InvalidRows, match=why) as caught:
        from_json([{"X": [[0] * 4]} if item is SERIES else {"X": cell}, {"X": cell}], [item])
    assert caught.value.errors[0].field == "X"
    assert caught.value.errors[0].line in {1, 2}


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InvalidRows, match="'X' is missing"):
        from_json([{"x": [1]}], [SERIES])


def test_padding_is_no_way_to_fill_the_memory() -> None:
    huge = Input("X", ColumnKind.SERIES, "array", shape=(100, 1_000_000), dtype="float32")
    with pytest.raises(InvalidRows, match="too many at once"):
        from_json([{"X": [[1.0]] * 100}] * 10, [huge])


def npz(**given: npt.ArrayLike) -> bytes:
    file = io.BytesIO()
    np.savez(file, **given)  # type: ignore[arg-type]
    return file.getvalue()


def rows(folder: Path, content: bytes | str, item: Input) -> npt.NDArray[Any]:
    values = from_file(put(folder, content, "rows"), [item])["X"]
    assert (values.dtype.name, values.shape[1:]) == (item.dtype, item.shape)
    assert [path.name for path in folder.iterdir()] == ["rows"]
    return np.asarray(values)


@pytest.mark.parametrize("name", ["X", "x_test", "whatever"])
def test_npz(name: str, tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 255, (5, 6, 8))
    np.testing.assert_array_equal(rows(tmp_path, npz(**{name: x}), GREY), x)
    with pytest.raises(InvalidRows, match="6 × 8"):
        rows(tmp_path, npz(X=x[:, :5]), GREY)
    with pytest.raises(InvalidRows, match="from 0 to 255"):
        rows(tmp_path, npz(X=x - 300), GREY)


def test_npz_refusals(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match="no array named X"):
        rows(tmp_path, npz(a=np.zeros(3), b=np.zeros(3)), GREY)
    with pytest.raises(DatasetUnreadable, match="never unpickled"):
        rows(tmp_path, npz(X=np.zeros((3, 6, 8), object)), GREY)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"])
def test_one_image_is_one_row(form: str, tmp_path: Path) -> None:
    content = picture((16, 12), form=form)
    values = rows(tmp_path, content, RGB)
    np.testing.assert_array_equal(values, [decode(content, 6, 8, 3)])
    assert rows(tmp_path, content, GREY).shape == (1, 6, 8)


def test_images_are_rows_in_the_archive_s_order(tmp_path: Path) -> None:
    files = {"b.png": noise(1), "a/c.png": noise(2), ".hidden.png": noise(3), "read.me": b"x"}
    wanted = [decode(files[name], 6, 8, 3) for name in ("b.png", "a/c.png")]
    np.testing.assert_array_equal(rows(tmp_path, zipped(files), RGB), wanted)
    np.testing.assert_array_equal(rows(tmp_path, tarred(files, "w:gz"), RGB), wanted)


@pytest.mark.parametrize(
    ("content", "item", "why"),
    [
        (zipped({"a.png": noise(1), "b.png": b"no"}), RGB, "b.png.* read: .*; leave it out"),
        (noise(1)[:60], RGB, r"^The image cannot be read: .*; send the whole file"),
        (noise(1), SERIES, "not image files"),
        (noise(1), SCALED, "scale"),
        (b"a,b\n1,2\n", RGB, "holds none; .* or images"),
        (b"a,b\n1,2\n", SERIES, "a long table"),
        (b"a,b\n1,2\n", VOLUME, "npz"),
    ],
)
def test_files_that_do_not_fit(content: bytes, item: Input, why: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRows, match=why):
        rows(tmp_path, content, item)


def test_many_images_at_once_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrayrows, "MOST_BYTES", 300)
    with pytest.raises(InvalidRows, match="at most 2"):
        rows(tmp_path, zipped({f"{n}.png": noise(n) for n in range(3)}), RGB)


@pytest.mark.parametrize(
    "text",
    [
        "@problemName a\n@classLabel true x y\n@data\n1,2,3:x\n4,5,6,7:y\n",
        "@problemName a\n@classLabel false\n@data\n1,2,3\n4,5,6,7\n",
        "series_id,step,value,label\na,0,1,x\na,1,2,x\na,2,3,x\n"
        + "".join(f"b,{n},{n + 4},y\n" for n in range(4)),
        "series_id,step,value\na,0,1\na,1,2\na,2,3\n"
        + "".join(f"b,{n},{n + 4}\n" for n in range(4)),
    ],
)
def test_series_with_and_without_labels(text: str, tmp_path: Path) -> None:
    np.testing.assert_array_equal(rows(tmp_path, text, SERIES), [[[1, 2, 3, NAN]], [[4, 5, 6, 7]]])
