"""Rows to look at: which are shown, and as what."""

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from automl.core.catalog import ColumnKind, FamilyName, MetricName, TaskType, ValidationStrategy
from automl.core.frame import Arrays, Cells, Frame
from automl.core.model import Input
from automl.core.study import Plan
from automl.export.examples import EACH, examples
from automl.export.png import png
from automl.export.sight import BYTES, CHARACTERS, LINES, SIDE, STEPS, seen
from tests.features.frames import strings

IMAGE = Input("X", ColumnKind.IMAGE, "array", shape=(1, 1), dtype="int64")


def _plan(classes: tuple[str, ...]) -> Plan:
    return Plan(
        task=TaskType.CLASSIFICATION if classes else TaskType.REGRESSION,
        target="y",
        metric=MetricName.LOG_LOSS if classes else MetricName.RMSE,
        positive=None,
        classes=classes,
        features=("X",),
        families=(FamilyName.MLP,),
        strategy=ValidationStrategy.KFOLD,
        folds=2,
        rows=9,
        test_rows=0,
        dropped_rows=0,
        baseline=1.0,
    )


def _opened(picture: str) -> npt.NDArray[np.uint8]:
    return np.array(Image.open(io.BytesIO(base64.b64decode(picture))))


def _chosen(
    classes: tuple[str, ...], truth: npt.NDArray[Any], judged: npt.NDArray[np.float64]
) -> tuple[list[int], list[int]]:
    """Return which rows are shown, as right and as wrong."""
    read: list[int] = []

    def note(places: npt.NDArray[np.intp]) -> Frame:
        read.extend(places.tolist())
        return Frame({"X": Arrays(np.zeros((len(places), 1, 1)))}, len(places))

    labels = judged.argmax(axis=1)
    shown = examples(_plan(classes), IMAGE, note, truth=truth, judged=judged, labels=labels)
    right = sum(example["right"] for example in shown)
    for place, example in zip(read, shown, strict=True):
        assert example["actual"] == (classes[truth[place]] if classes else truth[place])
        assert (example["predicted"] == example["actual"]) == example["right"] or not classes
    return read[:right], read[right:]


def test_right_ones_are_typical_and_mistakes_those_that_are_made_most() -> None:
    random = np.random.default_rng(0)
    judged = random.dirichlet(np.ones(3), 400)
    truth = np.where(random.random(400) < 0.8, judged.argmax(axis=1), random.integers(0, 3, 400))
    labels, sure = judged.argmax(axis=1), judged.max(axis=1)
    right, wrong = _chosen(("a", "b", "c"), truth, judged)
    assert (len(set(right)), len(set(wrong))) == (EACH, EACH)
    assert {labels[row] for row in right} == {0, 1, 2}
    for label in range(3):
        own = np.sort(sure[(labels == label) & (truth == label)])
        shown = sure[[row for row in right if labels[row] == label]]
        assert (own[len(own) // 4] < shown).all()
        assert (shown < own[-len(own) // 4]).all()
    pairs = [(int(truth[row]), int(labels[row])) for row in wrong]
    counts = {pair: int(((truth == pair[0]) & (labels == pair[1])).sum()) for pair in pairs}
    assert len(counts) == 6
    assert pairs[:6] == sorted(counts, key=lambda pair: (-counts[pair], pair))
    for pair, row in zip(pairs[:6], wrong, strict=False):
        assert sure[row] == sure[(truth == pair[0]) & (labels == pair[1])].max()
    assert (right, wrong) == _chosen(("a", "b", "c"), truth, judged)


def test_numbers_show_the_nearest_and_the_farthest() -> None:
    truth = np.arange(40.0)
    judged = (truth + np.r_[np.zeros(8), np.full(24, 2.0), np.arange(10, 18)])[:, None]
    right, wrong = _chosen((), truth, judged)
    assert right == list(range(8))
    assert wrong == list(range(39, 31, -1))


def test_few_rows_and_no_mistakes_show_what_there_is() -> None:
    judged = np.eye(2)[[0, 1, 1]]
    assert _chosen(("a", "b"), np.array([0, 1, 1]), judged) == ([1, 0, 2], [])
    assert _chosen(("a", "b"), np.array([1, 0, 0]), judged) == ([], [1, 0, 2])
    assert _chosen((), np.array([1.0, 2.0]), np.ones((2, 1))) == ([0, 1], [])
    assert _chosen((), np.zeros(0), np.ones((0, 1))) == ([], [])


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (400, 300), (7, 2, 3)])
def test_a_picture_is_read_back_as_it_was(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(png(pixels)))), pixels)


@pytest.mark.parametrize(
    ("kind", "shape", "size"),
    [
        (ColumnKind.IMAGE, (8, 9), (8, 9)),
        (ColumnKind.IMAGE, (8, 9, 1), (8, 9)),
        (ColumnKind.IMAGE, (8, 9, 4), (8, 9, 3)),
        (ColumnKind.IMAGE, (224, 112), (64, 32)),
        (ColumnKind.IMAGE, (300, 300, 3), (44, 44, 3)),
        (ColumnKind.IMAGE, (1, 500), (1, 64)),
        (ColumnKind.VOLUME, (4, 8, 9), (8, 9)),
        (ColumnKind.VOLUME, (4, 8, 9, 2), (8, 9)),
        (ColumnKind.VOLUME, (4, 8, 9, 3), (8, 9, 3)),
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "int16"])
def test_pictures_are_small_and_fill_the_scale(
    kind: ColumnKind, shape: tuple[int, ...], size: tuple[int, ...], dtype: str
) -> None:
    values = np.random.default_rng(0).integers(0, 17, (3, *shape)).astype(dtype)
    shown = [_opened(row["picture"]) for row in seen(Arrays(values), kind)]
    assert {picture.shape for picture in shown} == {size}
    assert max(size[:2]) <= SIDE
    assert np.prod(size) <= BYTES
    if size[:2] == (8, 9):  # not made smaller
        flat = values[:, 2] if kind is ColumnKind.VOLUME else values
        wanted = flat if flat.ndim == 3 else (flat[..., :3] if flat.shape[-1] > 2 else flat[..., 0])
        exact = wanted.astype(np.float64) * 255 / wanted.max()
        assert np.abs(np.stack(shown) - exact).max() <= 0.5


def test_a_smaller_picture_holds_means() -> None:
    values = np.zeros((1, 128, 64), np.uint8)
    values[0, ::2] = 255
    picture = _opened(seen(Arrays(values), ColumnKind.IMAGE)[0]["picture"])
    assert picture.shape == (64, 32)
    assert set(picture.ravel().tolist()) <= {127, 128}


def test_numbers_that_are_none_do_not_spoil_a_picture() -> None:
    values = np.array([[[np.nan, np.inf], [-1.0, 1.0]], [[np.nan] * 2] * 2])
    first, second = (_opened(row["picture"]) for row in seen(Arrays(values), ColumnKind.IMAGE))
    assert first.tolist() == [[0, 255], [0, 255]]
    assert second.tolist() == [[0, 0], [0, 0]]
    nothing = np.full((1, 2, 2), np.nan)
    assert not _opened(seen(Arrays(nothing), ColumnKind.IMAGE)[0]["picture"]).any()


def test_a_series_is_a_few_thinned_lines() -> None:
    values = np.random.default_rng(0).normal(size=(2, 5, 1000)).astype(np.float32)
    values[0, :, 600:] = np.nan
    first, second = (row["lines"] for row in seen(Arrays(values), ColumnKind.SERIES))
    assert [len(line) for line in first] == [STEPS] * LINES
    assert first[0][0] == pytest.approx(values[0, 0, 0], rel=1e-3)
    assert first[0][-1] is None
    assert None not in second[0]
    (short,) = seen(Arrays(values[:1, :, :3]), ColumnKind.SERIES)
    assert [len(line) for line in short["lines"]] == [3] * LINES


def test_a_text_is_its_beginning_and_numbers_are_nothing() -> None:
    long = "x" * 1000
    cells: Cells = strings(["<b>", None, long])
    first, second, third = seen(cells, ColumnKind.TEXT)
    assert (first, second) == ({"text": "<b>"}, {"text": ""})
    assert third["text"] == "x" * (CHARACTERS - 1) + "…"
    assert seen(np.zeros(2), ColumnKind.NUMERIC) == [{}, {}]
