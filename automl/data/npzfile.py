"""NumPy's .npz: a zip of arrays, read block by block and never unpickled.

`X` and `y`, perhaps `X_test` and `y_test`, or the names that Keras gives: `x_train`, `y_train`,
`x_test`, `y_test`.
"""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automl.core.catalog import Modality
from automl.core.errors import DatasetUnreadable
from automl.core.schema import DataWarning
from automl.data import arrays, cells
from automl.data.arrayfile import MOST_ROW_BYTES, ArrayFile, Block, Values
from automl.data.modality import check_axes, described, guess, guessed, mismatch, refusal
from automl.data.package import open_package

ENDING = ".npy"
_BLOCK = 8 << 20
_MOST_HELD = 512 << 20
"""Bytes of an array in Fortran's order, whose rows lie scattered: it is read whole."""
_MOST_CELL = 1 << 16
"""Bytes of one target."""
_NAMES = (("x", "y"), ("x_train", "y_train"))
_TESTS = ("x_test", "y_test")
_NO_HEADER = (
    ValueError, KeyError, TypeError, EOFError, SyntaxError, RecursionError, MemoryError,
    OverflowError, TokenError,
)  # fmt: skip
"""What NumPy's parser raises of a header that is none."""
_SEGMENTED = "one label a row is needed; labels of every pixel or voxel are not supported yet"


@dataclass(frozen=True, slots=True)
class Member:
    """An array in the zip; ``shape`` has its rows first."""

    name: str
    path: Path
    part: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    fortran: bool

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    def blocks(self, size: int) -> Iterator[Values]:
        """Yield the rows, ``size`` at a time.

        Raises:
            DatasetUnreadable: it ends too early, or is damaged.
        """
        with open_package(self.path) as package, package.open(self.part) as file:
            _header(file, self.name)
            if self.fortran:
                whole = self._array(_exactly(file, self.shape[0] * self.row_bytes, self.name))
                yield from (whole[at : at + size] for at in range(0, self.shape[0], size))
                return
            for start in range(0, self.shape[0], size):
                rows = min(size, self.shape[0] - start)
                data = _exactly(file, rows * self.row_bytes, self.name)
                yield self._array(data).reshape(rows, *self.shape[1:])

    def _array(self, data: bytes) -> Values:
        flat = np.frombuffer(data, self.dtype)
        return flat.reshape(self.shape, order="F") if self.fortran else flat


def open_npz(path: Path, *, modality: Modality | None) -> ArrayFile:
    """Return the arrays of a zip that was found to hold some.

    Raises:
        DatasetUnreadable: other names, shapes or types than there should be.
    """
    members = _members(path)
    parts = _parts(members)
    for x, y, _ in parts:
        _check(x, y)
    x, *rest = [x for x, _, _ in parts]
    for other in rest:
        if other.shape[1:] != x.shape[1:]:
            raise refusal(
                f"{other.name} has rows of {described(other.shape[1:])}, {x.name} of "
                f"{described(x.shape[1:])}; they must be alike.",
                other.name,
            )
    if modality is not None and not modality.arrays:
        raise mismatch(modality, "an .npz file of arrays", "image, series or volume")
    found = modality or guess(x.shape, whole=x.dtype == np.uint8)
    check_axes(x.shape, found)
    notes = [] if modality else [guessed(x.shape, found)]
    used = {member.name for x, y, _ in parts for member in (x, y)}
    unused = sorted(member.name for member in members.values() if member.name not in used)
    if unused:
        names = ", ".join(unused[:8])
        notes.append(DataWarning("ARRAYS_IGNORED", f"Arrays that are not used: {names}."))
    shape = x.shape[1:] if len(x.shape) > 2 else (1, *x.shape[1:])
    dtype = _kept(np.result_type(x.dtype, *(other.dtype for other in rest)))
    return ArrayFile(
        format="npz",
        modality=found,
        shape=shape,
        dtype=dtype.name,
        names=(arrays.TARGET, arrays.PART) if rest else (arrays.TARGET,),
        blocks=partial(_blocks, parts, shape, dtype),
        notes=tuple(notes),
    )


def open_x(path: Path) -> ArrayFile:
    """Return the array `X` of a file of rows to predict: the only one, where there is but one.

    Raises:
        DatasetUnreadable: there is none, or it holds no numbers.
    """
    members = _members(path)
    only = next(iter(members.values())) if len(members) == 1 else None
    x = members.get("x") or members.get("x_test") or only
    if x is None:
        raise refusal("The .npz file holds no array named X.")
    _check_rows(x)
    dtype = _kept(x.dtype)
    size = max(1, _BLOCK // x.row_bytes)
    return ArrayFile(
        format="npz",
        modality=Modality.SERIES,
        shape=x.shape[1:],
        dtype=dtype.name,
        names=(),
        blocks=lambda: (Block(values.astype(dtype, copy=False), {}) for values in x.blocks(size)),
    )


def _members(path: Path) -> Mapping[str, Member]:
    """Return the arrays by their names, in lower case."""
    found: dict[str, Member] = {}
    with open_package(path) as package:
        for info in package.infolist():
            name = info.filename.removesuffix(ENDING)
            if name.lower() in found:
                raise refusal(f"The .npz file holds {name!r} twice.", name)
            with package.open(info) as file:
                shape, fortran, dtype = _header(file, name)
                expected = math.prod(shape) * dtype.itemsize
                if not dtype.hasobject and expected != info.file_size - file.tell():
                    raise _damaged(name)
            found[name.lower()] = Member(name, path, info.filename, shape, dtype, fortran)
    return found


def _header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python 2's way to write long numbers
            version = np.lib.format.read_magic(file)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran, dtype = read(file)
    except _NO_HEADER as error:
        raise _damaged(name) from error
    if min(shape, default=0) < 0:
        raise _damaged(name)
    return shape, fortran, dtype


def _parts(members: Mapping[str, Member]) -> list[tuple[Member, Member, str]]:
    """Return X and y of the rows to learn from, and of the test part if there is one."""
    parts = [
        (members[x], members[y], arrays.TRAIN) for x, y in _NAMES if x in members and y in members
    ][:1]
    if not parts:
        shown = ", ".join(member.name for member in list(members.values())[:8])
        raise DatasetUnreadable(
            f"The .npz file holds {shown}; it must hold X and y, or x_train and y_train."
        )
    if all(name in members for name in _TESTS):
        x, y = _TESTS
        parts.append((members[x], members[y], arrays.TEST))
    return parts


def _check(x: Member, y: Member) -> None:
    _check_rows(x)
    if len(y.shape) > 2 or (len(y.shape) == 2 and y.shape[1] != 1) or not y.shape:
        raise refusal(f"{y.name} has the shape {described(y.shape)}; {_SEGMENTED}.", y.name)
    if y.shape[0] != x.shape[0]:
        raise refusal(
            f"{x.name} has {x.shape[0]:,} rows and {y.name} {y.shape[0]:,}; they must be as many.",
            y.name,
        )
    if y.dtype.kind not in "biufUS" or y.dtype.itemsize > _MOST_CELL:
        raise refusal(f"{y.name} holds {_held(y)}; save numbers or text, {_as_text(y)}.", y.name)


def _check_rows(x: Member) -> None:
    _check_type(x)
    if not 2 <= len(x.shape) <= 5 or 0 in x.shape:
        raise refusal(
            f"{x.name} has the shape {described(x.shape) or '()'}; rows first and then one to four "
            "axes are needed, none of them empty.",
            x.name,
        )
    if x.row_bytes > MOST_ROW_BYTES:
        raise refusal(f"A row of {x.name} has more than {MOST_ROW_BYTES >> 20} MiB.", x.name)
    if x.fortran and x.shape[0] * x.row_bytes > _MOST_HELD:
        raise refusal(
            f"{x.name} lies in Fortran's order; save numpy.ascontiguousarray({x.name}).", x.name
        )


def _check_type(x: Member) -> None:
    if x.dtype.kind not in "biuf" or x.dtype.subdtype is not None:
        raise refusal(f"{x.name} holds {_held(x)}; numbers are needed.", x.name)


def _held(member: Member) -> str:
    if member.dtype.hasobject:
        return "Python objects, which are never unpickled"
    return f"values of the type {member.dtype.name[:60]}"


def _as_text(y: Member) -> str:
    return f"such as {y.name}.astype(str)"


def _kept(dtype: npt.DTypeLike) -> np.dtype[np.generic]:
    """Return the type that arrays are kept in: one that ONNX and Parquet's readers know."""
    given = np.dtype(dtype)
    return np.dtype(np.float64) if given.itemsize > 8 else given.newbyteorder("=")


def _blocks(
    parts: Sequence[tuple[Member, Member, str]], shape: tuple[int, ...], dtype: np.dtype[np.generic]
) -> Iterator[Block]:
    parted = len(parts) > 1
    for x, y, part in parts:
        size = max(1, _BLOCK // x.row_bytes)
        for values, labels in zip(x.blocks(size), y.blocks(size), strict=True):
            texts = {arrays.TARGET: _texts(labels.reshape(-1), y.name)}
            if parted:
                texts[arrays.PART] = [part] * len(values)
            yield Block(values.reshape(-1, *shape).astype(dtype, copy=False), texts)


def _texts(labels: Values, name: str) -> list[str]:
    """Return the targets as the cells that a CSV file would hold."""
    if labels.dtype.kind == "f" and labels.dtype.itemsize > 8:
        labels = labels.astype(np.float64)
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "replace")
    plain = labels.astype(labels.dtype.newbyteorder("="))
    try:
        given = pa.array(plain.tolist() if plain.dtype.kind == "U" else plain)
    except UnicodeEncodeError:
        raise refusal(f"{name} holds text with half a character in it.", name) from None
    texts: list[str] = cells.texts(given).to_pylist()
    return texts


def _exactly(file: IO[bytes], size: int, name: str) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise _damaged(name)
    return data


def _damaged(name: str) -> DatasetUnreadable:
    return refusal(f"The array {name!r} is damaged or no array of numbers; save it again.", name)
