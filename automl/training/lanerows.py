"""The rows that lanes learn from and are judged by.

Lanes of several candidates see the same folds: each fold's rows lie there once, and a step gathers
those of all lanes at once.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import torch
from torch import Tensor, nn

from automl.training.lane import Lane
from automl.training.stream import Rows

_JUDGED = 4
"""Batches that are judged at once: without gradients they take no more room than one with them."""


class LaneRows:
    """Rows of lanes with equally many steps an epoch."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        folds = {id(lane.run.x): lane.run for lane in lanes}
        starts = np.cumsum([0, *(len(run.y) for run in folds.values())])
        of = dict(zip(folds, starts.tolist(), strict=False))
        self._starts = [of[id(lane.run.x)] for lane in lanes]
        self._x = _joined([_held(run.x) for run in folds.values()])
        self._y = _joined([run.y for run in folds.values()])
        self._device, self._steps = self._y.device, lanes[0].run.steps
        self.parts = _parts([len(lane.run.y) for lane in lanes])
        """Lanes next to each other with equally many training rows."""
        self._orders: list[Tensor] = []
        places = {key: place for place, key in enumerate(folds)}
        self._fold = torch.tensor([places[id(lane.run.x)] for lane in lanes], device=self._device)
        valid = [_held(run.x_valid) for run in folds.values()]
        self._valid = nn.utils.rnn.pad_sequence(valid, batch_first=True)

    def order(self, lanes: Sequence[Lane]) -> None:
        """Take up in which order the lanes see their rows in this epoch."""
        orders = [lane.order + start for lane, start in zip(lanes, self._starts, strict=True)]
        self._orders = [torch.stack(orders[part]).to(self._device) for part in self.parts]

    def batch(self, number: int) -> list[Tensor]:
        """Return the places of the rows of a step, of each of the parts: ``(lanes, rows)``."""
        bounds = [_bounds(order.shape[1], self._steps, number) for order in self._orders]
        return [order[:, a:b] for order, (a, b) in zip(self._orders, bounds, strict=True)]

    def at(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rows and targets at ``(rows,)`` or ``(lanes, rows)`` places."""
        flat = index.flatten()
        x, y = self._x.index_select(0, flat), self._y.index_select(0, flat)
        return x.view(*index.shape, -1), y.view(index.shape)

    def judged(self) -> Iterator[Tensor]:
        """Yield the validation rows of all lanes, some at a time; where one has fewer, zeros."""
        size = _JUDGED * max(1, self._orders[0].shape[1] // self._steps)
        for start in range(0, self._valid.shape[1], size):
            yield self._valid[:, start : start + size].index_select(0, self._fold)


def _held(rows: Rows) -> Tensor:
    if not isinstance(rows, Tensor):
        raise TypeError("Lanes learn from rows in memory.")
    return rows


def _joined(tensors: Sequence[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors))


def _parts(rows: Sequence[int]) -> list[slice]:
    found, start = [], 0
    for _, equal in groupby(rows):
        end = start + len(list(equal))
        found.append(slice(start, end))
        start = end
    return found


def _bounds(rows: int, steps: int, number: int) -> tuple[int, int]:
    """Return where the rows of a step begin and end, as `torch.tensor_split` says."""
    size, more = divmod(rows, steps)
    start = number * size + min(number, more)
    return start, start + size + (number < more)
