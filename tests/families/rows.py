"""Rows that families learn from: numbers, missing cells and categories, as each view shows them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.catalog import Modality
from automl.core.frame import Floats
from automl.core.learner import Layout, View

LEVELS = (3, 40)
"""Categories of the two categorical columns of every fold."""

SHAPES = {Modality.SERIES: (2, 24), Modality.IMAGE: (1, 8, 8), Modality.VOLUME: (1, 6, 5, 4)}
"""Of the rows of every fold of arrays, channels first. Series lack steps, images are bytes."""

STEPS = 12
"""Words that stand for a column of numbers, where rows are texts."""


def cells(rows: int, seed: int) -> Floats:
    """Return four numbers, of which the last may be missing, and two categories, -1 for unseen."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 4))
    numbers[random.random(rows) < 0.1, 3] = np.nan
    codes = [random.integers(-1, count, rows) for count in LEVELS]
    return np.column_stack([numbers, *codes])


def scores(raw: Floats, seed: int) -> Floats:
    """Return what decides of each row: numbers, missing cells and a category together."""
    effects = np.random.default_rng(11).normal(size=max(LEVELS) + 1)
    scores = 1.5 * raw[:, 0] - raw[:, 1] + np.isnan(raw[:, 3]) + effects[raw[:, 5].astype(int)]
    noise = np.random.default_rng(seed + 1).normal(size=len(raw))
    return np.asarray(scores + 0.3 * noise)


def matrix(raw: Floats, view: View) -> npt.NDArray[np.float32]:
    """Return rows as the family's view shows them."""
    if view is View.ORDINAL:
        return raw.astype(np.float32)
    if view is View.TOKENS:
        return _texts(raw)
    missing = np.isnan(raw[:, :4])
    if view is View.EMBEDDING:
        codes = [_codes(raw[:, 4 + column], levels) for column, levels in enumerate(LEVELS)]
        numbers = np.where(missing, 0.0, raw[:, :4])
        return np.column_stack([codes[0], numbers, codes[1], missing]).astype(np.float32)
    hot = [raw[:, 4 + c, None] == np.arange(n) for c, n in enumerate(LEVELS)]
    return np.hstack([np.where(missing, 0.0, raw[:, :4]), missing, *hot]).astype(np.float32)


def arrays(raw: Floats, modality: Modality) -> npt.NDArray[Any]:
    """Return arrays whose size of a pattern is the first number, which decides, among noise."""
    shape = SHAPES[modality]
    random = np.random.default_rng(9)
    pattern = np.linspace(-1.0, 1.0, int(np.prod(shape))).reshape(shape)
    size = np.nan_to_num(raw[:, 0]).reshape(-1, *(1 for _ in shape))
    x = size * pattern + 0.1 * random.normal(size=(len(raw), *shape))
    if modality is Modality.IMAGE:
        return np.clip(np.round(128 + 40 * x), 0, 255).astype(np.uint8)
    if modality is Modality.SERIES:
        x[np.isnan(raw[:, 3]), :, -4:] = np.nan
    return x.astype(np.float32)


def _texts(raw: Floats) -> npt.NDArray[Any]:
    """Return a word for each number, by its column and size, and for each category.

    Missing cells have none, and every sixth text ends early.
    """
    steps = np.clip(np.floor(2.0 * np.nan_to_num(raw[:, :4])) + STEPS // 2, 0, STEPS - 1)
    words = 2 + steps + STEPS * np.arange(4)
    codes = 2 + 4 * STEPS + _codes(raw[:, 5], LEVELS[1])
    cells = np.column_stack([np.where(np.isnan(raw[:, :4]), 0, words), codes])
    cells[::6, 4:] = 0
    order = np.argsort(cells == 0, axis=1, kind="stable")  # what is missing goes to the end
    x = np.zeros((len(raw), 8), np.int32)
    x[:, :5] = np.take_along_axis(cells, order, axis=1)
    return x


def _codes(raw: Floats, levels: int) -> Floats:
    """Return the codes of a category column: one more for unseen values, one for missing cells."""
    return np.where(raw < 0, levels + 1, np.minimum(raw, levels))


def layout(view: View, shape: tuple[int, ...]) -> Layout:
    """Return what rows of that view hold; ``shape`` is that of one row."""
    width = int(np.prod(shape))
    if view is View.ARRAY:
        return Layout(width, shape=shape)
    if view is View.ORDINAL:
        return Layout(width, tuple((width - 2 + c, n) for c, n in enumerate(LEVELS)))
    if view is View.TOKENS:
        return Layout(width, vocabulary=2 + 4 * STEPS + LEVELS[1] + 2)
    if view is View.EMBEDDING:
        codes = ((0, LEVELS[0] + 2), (5, LEVELS[1] + 2))
        return Layout(width, codes, (1, 2, 3, 4), columns=(4, 0, 1, 2, 3, 5, 0, 1, 2, 3))
    hot = tuple(4 + column for column, count in enumerate(LEVELS) for _ in range(count))
    return Layout(width, numbers=(0, 1, 2, 3), columns=(0, 1, 2, 3, 0, 1, 2, 3, *hot))
