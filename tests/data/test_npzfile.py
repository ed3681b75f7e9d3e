"""NumPy's .npz: both ways to name its arrays, every order of bytes, and no objects."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from automl.core.catalog import ColumnKind, Modality
from automl.core.errors import DatasetUnreadable
from automl.core.schema import Profile
from automl.data import arrays, npzfile, read, shown, table
from tests.data.files import codes, only, put

RNG = np.random.default_rng(0)


def npz(**given: npt.ArrayLike) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **given)  # type: ignore[arg-type]
    return file.getvalue()


def take(folder: Path, content: bytes, modality: Modality | None = None) -> tuple[Profile, Path]:
    out = folder / "table.parquet"
    profile = read.ingest(
        put(folder, content, "data.npz"),
        name="data.npz",
        media_type=None,
        out=out,
        unpacked_limit=1 << 30,
        modality=modality,
    )
    return profile, out


def stored(profile: Profile, path: Path) -> npt.NDArray[Any]:
    return arrays.read(path, profile.columns[0]).values


@pytest.mark.parametrize(
    ("shape", "dtype", "modality", "kept"),
    [
        ((6, 5, 4), "u1", Modality.IMAGE, (5, 4)),
        ((6, 5, 4, 3), "u1", Modality.IMAGE, (5, 4, 3)),
        ((6, 5, 4, 1), "f8", Modality.IMAGE, (5, 4, 1)),
        ((6, 5, 4, 2), "u1", Modality.VOLUME, (5, 4, 2)),
        ((6, 5, 4, 3, 2), "f4", Modality.VOLUME, (5, 4, 3, 2)),
        ((6, 5, 4), "f8", Modality.SERIES, (5, 4)),
        ((6, 5, 4), "?", Modality.SERIES, (5, 4)),
        ((6, 5, 4, 3), "?", Modality.IMAGE, (5, 4, 3)),
        ((6, 5), "i8", Modality.SERIES, (1, 5)),
        ((6, 5), "u1", Modality.SERIES, (1, 5)),
    ],
)
def test_axes_tell_what_arrays_are(
    shape: tuple[int, ...], dtype: str, modality: Modality, kept: tuple[int, ...], tmp_path: Path
) -> None:
    x = RNG.integers(0, 200, shape).astype(dtype)
    profile, path = take(tmp_path, npz(X=x, y=np.arange(6) % 2))
    column = profile.columns[0]
    assert (profile.modality, profile.format, profile.rows) == (modality, "npz", 6)
    assert (column.kind.value, column.shape, column.cells) == (modality.value, kept, "array")
    assert column.dtype == x.dtype.name
    assert "MODALITY_GUESSED" in codes(profile)
    np.testing.assert_array_equal(stored(profile, path), x.reshape(6, *kept))
    assert only(profile, "y").labels == ("0", "1")


@pytest.mark.parametrize("dtype", ["f8", "?"])
def test_a_modality_that_is_given_is_no_guess(tmp_path: Path, dtype: str) -> None:
    x = RNG.normal(size=(6, 5, 4)).astype(dtype)
    profile, _ = take(tmp_path, npz(X=x, y=np.arange(6) % 2), Modality.IMAGE)
    assert profile.modality is Modality.IMAGE
    assert "MODALITY_GUESSED" not in codes(profile)


def test_keras_names_bring_the_official_test_part(tmp_path: Path) -> None:
    x, y = RNG.integers(0, 255, (9, 4, 4)).astype("u1"), np.array(list("abcabcabc"))
    content = npz(x_train=x[:6], y_train=y[:6], x_test=x[6:], y_test=y[6:], class_names=y[:3])
    profile, path = take(tmp_path, content)
    assert [column.name for column in profile.columns] == ["X", "y", "part"]
    assert table.text(path, "part") == ["train"] * 6 + ["test"] * 3
    assert table.text(path, "y") == y.tolist()
    assert only(profile, "y").labels == ("a", "b", "c")
    assert only(profile, "part").labels == ()
    assert "ARRAYS_IGNORED" in codes(profile)
    np.testing.assert_array_equal(stored(profile, path), x)


@pytest.mark.parametrize("layout", ["F", "C"])
@pytest.mark.parametrize("dtype", [">f4", "<f4", ">i2", "f2", "?", "u8"])
def test_every_layout_of_numbers_is_read(layout: str, dtype: str, tmp_path: Path) -> None:
    x = np.asarray(RNG.integers(0, 2, (7, 3, 5)).astype(dtype), order=layout)  # type: ignore[call-overload]
    profile, path = take(tmp_path, npz(X=x, y=np.arange(7)))
    np.testing.assert_array_equal(stored(profile, path), x)


@pytest.mark.parametrize(
    ("y", "cells"),
    [
        (np.array([1, 2, 3]), ["1", "2", "3"]),
        (np.array([[1], [2], [3]]), ["1", "2", "3"]),
        (np.array([0.5, np.nan, 0.1], "f4"), ["0.5", "", "0.1"]),
        (np.array([True, False, True]), ["true", "false", "true"]),
        (np.array(["a", "é", ""]), ["a", "é", ""]),
        (np.array([b"a", "é".encode(), b""]), ["a", "é", ""]),
    ],
)
def test_targets_are_cells_as_a_table_has_them(
    y: npt.NDArray[Any], cells: list[str], tmp_path: Path
) -> None:
    _, path = take(tmp_path, npz(X=np.zeros((3, 4)), y=y))
    assert table.text(path, "y") == cells


def test_quantities_have_no_classes(tmp_path: Path) -> None:
    profile, _ = take(tmp_path, npz(X=RNG.normal(size=(60, 4)), y=RNG.normal(size=60)))
    assert only(profile, "y").labels == ()
    assert only(profile, "y").kind is ColumnKind.NUMERIC


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (
            0,
            {"EMPTY_ROWS": "None of the 20 series has a number: nothing can be learned from them."},
        ),
        (5, {"VARIABLE_LENGTHS": "Series have 5 of 8 steps."}),
        (8, {}),
    ],
)
def test_series_are_as_long_as_they_have_numbers(
    known: int, says: dict[str, str], tmp_path: Path
) -> None:
    x = RNG.normal(size=(20, 1, 8)).astype("f4")
    x[..., known:] = np.nan
    profile, _ = take(tmp_path, npz(X=x, y=np.arange(20) % 2))
    told = {warning.code: warning.message for warning in profile.warnings}
    assert {code: told[code] for code in told if code in ("EMPTY_ROWS", "VARIABLE_LENGTHS")} == says


def test_what_is_odd_is_told(tmp_path: Path) -> None:
    x = RNG.normal(size=(12, 2, 8)).astype("f4")
    x[1], x[2], x[3, :, 5:], x[4, 0, 0], x[6] = np.nan, 1.0, np.nan, np.inf, x[5]
    profile, path = take(tmp_path, npz(X=x, y=np.arange(12) % 2))
    assert codes(profile) == {
        "MODALITY_GUESSED", "DUPLICATE_ROWS", "FEW_ROWS", "EMPTY_ROWS", "CONSTANT_ROWS",
        "INFINITE_VALUES", "VARIABLE_LENGTHS", "RARE_CLASSES",
    }  # fmt: skip
    told = {warning.code: warning.message for warning in profile.warnings}
    assert "rows 2." in told["EMPTY_ROWS"]
    assert "rows 3." in told["CONSTANT_ROWS"]
    assert told["VARIABLE_LENGTHS"] == "Series have 5 to 8 steps."
    assert np.isnan(stored(profile, path)[4, 0, 0])


def test_missing_pixels_are_nought(tmp_path: Path) -> None:
    x = np.full((4, 3, 3), np.nan)
    profile, path = take(tmp_path, npz(X=x, y=np.arange(4) % 2), Modality.IMAGE)
    assert "MISSING_VALUES" in codes(profile)
    assert (stored(profile, path) == 0).all()


ONE = np.ones((3, 2, 2))
Y = np.arange(3)


@pytest.mark.parametrize(
    ("given", "modality", "why"),
    [
        ({"X": ONE}, None, "must hold X and y"),
        ({"X": ONE, "y": np.arange(4)}, None, "as many"),
        ({"X": ONE, "y": ONE}, None, "not supported yet"),
        ({"X": ONE, "y": np.array([1, "a", None], object)}, None, "never unpickled"),
        ({"X": ONE.astype(object), "y": Y}, None, "never unpickled"),
        ({"X": ONE.astype("c16"), "y": Y}, None, "complex128"),
        ({"X": ONE.astype("U3"), "y": Y}, None, "numbers are needed"),
        ({"X": Y, "y": Y}, None, "one to four axes"),
        ({"X": np.ones((3, 0, 2)), "y": Y}, None, "none of them empty"),
        ({"X": np.ones((0, 2, 2)), "y": Y[:0]}, None, "none of them empty"),
        ({"X": np.ones((3, 1, 1, 1, 1, 1)), "y": Y}, None, "one to four axes"),
        ({"X": ONE, "y": Y}, Modality.VOLUME, "n × depth × height × width"),
        ({"X": ONE, "y": Y}, Modality.TABLE, "modality"),
        ({"X": ONE, "y": np.array(["a\0b", "c", "d"])}, None, "NUL"),
        ({"X": ONE, "y": Y, "X_test": np.ones((3, 2, 3)), "y_test": Y}, None, "alike"),
    ],
)
def test_refusals_say_what_would_be_right(
    given: dict[str, npt.ArrayLike], modality: Modality | None, why: str, tmp_path: Path
) -> None:
    with pytest.raises(DatasetUnreadable, match=why):
        take(tmp_path, npz(**given), modality)
    assert not (tmp_path / "table.parquet").exists()


def _npy(header: bytes, body: bytes = b"", version: bytes = b"\1\0") -> bytes:
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + body


@pytest.mark.parametrize(
    "x",
    [
        b"",
        b"\x93NUMPY",
        _npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 99999999999), }\n"),
        _npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (3, -2), }\n"),
        _npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }\n", b"12345"),
        _npy(b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,), }\n", bytes(24)),
        _npy(b"(" * 5_000 + b"\n"),
        _npy(b"__import__('os').system('true')\n"),
        _npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 1), }\n", bytes(24), b"\7\7"),
    ],
)
def test_damaged_arrays_are_refused(x: bytes, tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("X.npy", x)
        y = io.BytesIO()
        np.save(y, Y)
        package.writestr("y.npy", y.getvalue())
    with pytest.raises(DatasetUnreadable):
        take(tmp_path, file.getvalue())


def test_previews_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = RNG.integers(0, 255, (30, 40, 40)).astype("u1")
    _, path = take(tmp_path, npz(X=x, y=np.arange(30) % 2))
    assert len(table.preview(path, 20)) == 20
    monkeypatch.setattr(shown, "MOST_BYTES", 5 * 1600)
    assert [row["y"] for row in table.preview(path, 20)] == [0, 1, 0, 1, 0]
    monkeypatch.setattr(npzfile, "_BLOCK", 7 * 4_800 * 4)
    large = RNG.normal(size=(30, 3, 1_600)).astype("f4")
    _, path = take(tmp_path, npz(X=large, y=np.arange(30) % 2))
    assert table.preview(path, 20) == [{"X": None, "y": n % 2} for n in range(20)]
