"""Archives of images: a folder a class, or images with a table of labels.

A pair of folders above these, `train` and `test`, is the official split.
"""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.catalog import Modality
from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import DataWarning
from automl.data import arrays, tabular
from automl.data.arrayfile import ArrayFile, Block
from automl.data.modality import mismatch
from automl.data.pixels import decode
from automl.data.survey import UNREADABLE, Survey

Texts: TypeAlias = dict[str, dict[str, str]]
"""Cells by column, of an image by its name."""

LONGEST_SIDE = 224
"""Pixels: larger images are made smaller."""
MOST_BYTES = 1 << 30
"""Of all pixels as they are kept: more images are kept smaller."""
_SMALLEST_SIDE = 16
_BLOCK = 8 << 20
_PARTS = {
    "train": arrays.TRAIN, "training": arrays.TRAIN, "test": arrays.TEST, "testing": arrays.TEST,
    "val": arrays.TRAIN, "valid": arrays.TRAIN, "validation": arrays.TRAIN, "dev": arrays.TRAIN,
}  # fmt: skip
_FILE = ("file", "filename", "file_name", "image", "image_path", "path")
_MASKS = frozenset({"masks", "mask"})
_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where an image lies, behind the folders that all share."""

    name: str
    part: str | None
    folders: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    """What is learned of the files while they are decoded."""

    broken: list[str] = field(default_factory=list)


def open_images(
    survey: Survey, *, modality: Modality | None, scratch: Callable[[str], Path]
) -> ArrayFile:
    """Return the images of an archive with their labels.

    Args:
        survey: what the archive holds.
        modality: what its user says it does.
        scratch: returns where a file may lie for a moment.

    Raises:
        DatasetUnreadable: the images have no labels.
    """
    if modality not in {None, Modality.IMAGE}:
        raise mismatch(modality or Modality.TABLE, "an archive of images", "image")
    placed = _placed(survey)
    texts, notes = _labelled(survey, placed, scratch)
    if any(place.part for place in placed):
        for place in placed:
            if place.name in texts:
                texts[place.name][arrays.PART] = place.part or arrays.TRAIN
    kept = [picture for picture in survey.pictures if picture.name in texts]
    if not kept:
        raise DatasetUnreadable("No image has a label; name the files as they are in the archive.")
    channels = 1 if all(picture.grey for picture in kept) else 3
    sizes = Counter((picture.height, picture.width) for picture in kept)
    height, width = common_size(sizes, channels)
    shape = (height, width) if channels == 1 else (height, width, channels)
    if set(sizes) != {(height, width)}:
        notes.append(_resized(sizes, height, width))
    found = _Found(list(survey.broken))
    columns = dict.fromkeys(name for cells in texts.values() for name in cells)
    names = [name for name in columns if name != arrays.PART]
    return ArrayFile(
        format=survey.archive.format,
        modality=Modality.IMAGE,
        shape=shape,
        dtype="uint8",
        names=(*names, *([arrays.PART] if arrays.PART in columns else [])),
        blocks=partial(_blocks, survey, texts, shape, found),
        notes=tuple(notes),
        remarks=partial(_remarks, found, len(survey.pictures) + len(survey.broken)),
    )


def common_size(sizes: Mapping[tuple[int, int], int], channels: int) -> tuple[int, int]:
    """Return height and width for images of those: what most have, else the median.

    Of both at most `LONGEST_SIDE`, and fewer pixels where there are many images.
    """
    total = sum(sizes.values())
    (height, width), most = max(sizes.items(), key=lambda item: (item[1], item[0]))
    if 2 * most < total:
        heights = [size[0] for size, count in sizes.items() for _ in range(count)]
        widths = [size[1] for size, count in sizes.items() for _ in range(count)]
        height, width = round(statistics.median(heights)), round(statistics.median(widths))
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    pixels = height * width * scale**2
    bearable = math.sqrt(MOST_BYTES / (total * channels * pixels))
    if bearable < 1:
        scale *= max(bearable, _SMALLEST_SIDE / (scale * max(height, width)))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _placed(survey: Survey) -> list[_Placed]:
    paths = [PurePosixPath(picture.name).parts for picture in survey.pictures]
    everything = [*paths, *(PurePosixPath(name).parts for name in survey.labels)]
    # A folder around all is none of its classes; but what is left must still have some.
    while _shared(everything) and (survey.labels or min(map(len, paths)) > 2):
        paths, everything = [path[1:] for path in paths], [path[1:] for path in everything]
    parts = {path[0].lower() for path in paths if len(path) > 1}
    parted = (
        all(len(path) > 1 for path in paths)
        and parts <= set(_PARTS)
        and {_PARTS[part] for part in parts} == {arrays.TRAIN, arrays.TEST}
    )
    return [
        _Placed(
            picture.name,
            _PARTS[path[0].lower()] if parted else None,
            path[1:-1] if parted else path[:-1],
        )
        for picture, path in zip(survey.pictures, paths, strict=True)
    ]


def _shared(paths: Sequence[tuple[str, ...]]) -> bool:
    return len({path[0] for path in paths}) == 1 and min(map(len, paths)) > 1


def _labelled(
    survey: Survey, placed: Sequence[_Placed], scratch: Callable[[str], Path]
) -> tuple[Texts, list[DataWarning]]:
    if survey.labels:
        return _of_tables(survey, scratch)
    return _of_folders(survey, placed)


def _of_folders(survey: Survey, placed: Sequence[_Placed]) -> tuple[Texts, list[DataWarning]]:
    bare = [place.name for place in placed if not place.folders]
    if bare:
        raise DatasetUnreadable(
            f"{bare[0][:80]!r} lies in no folder of a class; put the images into one folder a class"
            f", or a labels.csv beside them with the columns file and the target's."
        )
    classes = {place.folders[0] for place in placed}
    if any(name.lower() in _MASKS for name in classes):
        raise DatasetUnreadable(
            "The folder 'masks' looks like labels of every pixel, which are not supported yet; put "
            "the images into one folder a class."
        )
    return {place.name: {arrays.TARGET: place.folders[0]} for place in placed}, _ignored(survey)


def _ignored(survey: Survey) -> list[DataWarning]:
    if not survey.others:
        return []
    names = _listed(survey.others)
    return [DataWarning("FILES_IGNORED", f"Files that are no images are not used: {names}.")]


def _of_tables(survey: Survey, scratch: Callable[[str], Path]) -> tuple[Texts, list[DataWarning]]:
    texts: Texts = {}
    absent: list[str] = []
    tables = {name: content for name, content in survey.archive.files() if name in survey.labels}
    everything = [*(picture.name for picture in survey.pictures), *survey.broken]
    for name, content in tables.items():
        find = _Finder(everything, PurePosixPath(name).parent)
        for file, cells in _rows(name, content, scratch(".labels")):
            image = find(file)
            if image is None:
                absent.append(file)
            elif image in texts:
                raise DatasetUnreadable(
                    f"{name} lists {file[:80]!r} twice; one row a file is needed.",
                    errors=(Detail(f"{file[:80]!r} is listed twice", field="file"),),
                )
            else:
                texts[image] = cells
    notes = _ignored(survey)
    if absent:
        notes.append(DataWarning("FILES_MISSING", f"{len(absent):,} files of labels.csv are not in "
                                 f"the archive: {_listed(absent)}."))  # fmt: skip
    bare = [picture.name for picture in survey.pictures if picture.name not in texts]
    if bare:
        notes.append(DataWarning("LABELS_MISSING", f"{len(bare):,} images are not in labels.csv and"
                                 f" are left out: {_listed(bare)}."))  # fmt: skip
    if len(tables) > 1:  # their columns may differ
        columns = dict.fromkeys(name for cells in texts.values() for name in cells)
        texts = {
            image: {name: cells.get(name, "") for name in columns} for image, cells in texts.items()
        }
    return texts, notes


class _Finder:
    """Files of an archive by what a table calls them."""

    def __init__(self, names: Sequence[str], folder: PurePosixPath) -> None:
        self._names, self._folder = set(names), folder
        self._short: dict[str, list[str]] = defaultdict(list)
        for name in names:
            path = PurePosixPath(name)
            for short in {path.name, path.stem}:
                self._short[short].append(name)

    def __call__(self, file: str) -> str | None:
        """Return the name in the archive: beside the table, from its root, or the only such."""
        given = file.strip().replace("\\", "/").removeprefix("./")
        beside = str(self._folder / given)
        if beside in self._names:
            return beside
        if given in self._names:
            return given
        found = self._short.get(PurePosixPath(given).name, [])
        near = [name for name in found if PurePosixPath(name).is_relative_to(self._folder)]
        return near[0] if len(near) == 1 else None


def _rows(name: str, content: bytes, path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what a table of labels says: a file, and its cells by column."""
    try:
        path.write_bytes(content)
        table = tabular.open_table(path, media_type=None, unpacked_limit=max(1, 4 * len(content)))
        files = [place for place, column in enumerate(table.names) if column.lower() in _FILE]
        if not files or len(table.names) < 2:
            raise DatasetUnreadable(
                f"{name} must have a column 'file' and one for the target; it has "
                f"{', '.join(map(repr, table.names[:10]))}.",
                errors=(Detail("no column 'file', or none beside it", field="file"),),
            )
        others = [place for place in range(len(table.names)) if place != files[0]]
        for batch in table.batches():
            columns = [batch.column(place).to_pylist() for place in range(len(table.names))]
            for row in zip(*columns, strict=True):
                yield row[files[0]], {table.names[place]: row[place] for place in others}
    finally:
        path.unlink(missing_ok=True)


def _blocks(survey: Survey, texts: Texts, shape: tuple[int, ...], found: _Found) -> Iterator[Block]:
    found.broken = list(survey.broken)
    pictures = {picture.name for picture in survey.pictures}
    size = max(1, _BLOCK // math.prod(shape))
    values: list[npt.NDArray[np.uint8]] = []
    names: list[str] = []
    for name, content in survey.archive.files():
        if name not in texts or name not in pictures:
            continue
        try:
            values.append(decode(content, shape[0], shape[1], 1 if len(shape) == 2 else shape[2]))
        except UNREADABLE:
            found.broken.append(name)
            continue
        names.append(name)
        if len(values) == size:
            yield _block(values, names, texts)
            values, names = [], []
    if values:
        yield _block(values, names, texts)
    elif len(found.broken) >= len(texts):
        raise DatasetUnreadable(
            f"None of the {len(found.broken):,} images can be read, such as "
            f"{found.broken[0][:80]!r}."
        )


def _block(values: list[npt.NDArray[np.uint8]], names: Sequence[str], texts: Texts) -> Block:
    columns = texts[names[0]]
    return Block(np.stack(values), {column: [texts[name][column] for name in names]
                                    for column in columns})  # fmt: skip


def _remarks(found: _Found, files: int) -> Sequence[DataWarning]:
    if not found.broken:
        return ()
    message = (
        f"{len(found.broken):,} of {files:,} images cannot be read and are left out: "
        f"{_listed(found.broken)}."
    )
    return (DataWarning("BROKEN_FILES", message),)


def _resized(sizes: Mapping[tuple[int, int], int], height: int, width: int) -> DataWarning:
    if len(sizes) == 1:
        ((high, wide),) = sizes
        what = f"Images of {high} × {wide} pixels"
    else:
        what = f"Images of {len(sizes):,} sizes"
    return DataWarning(
        "IMAGES_RESIZED",
        f"{what} (height × width) became {height} × {width}, with their shape kept.",
    )


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    shown = ", ".join(name[:80] for name in every[:_NAMED])
    return shown if len(every) <= _NAMED else f"{shown} and {len(every) - _NAMED:,} more"
