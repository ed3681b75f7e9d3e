"""Rows that a network learns from without all of them being in memory.

An epoch goes through windows of the file. Each holds parts from all over it, one of every few that
follow each other, so that a file sorted by class gives every window some of each class; within a
window rows are drawn in any order. So every part of the file is read once an epoch, and what is in
memory is one window, or two where a batch begins in one and ends in the next.
"""

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from automl.core.frame import Unread
from automl.training.copies import Copies

WINDOW_BYTES = 96 << 20

LOOKED = 1 << 23
"""Numbers that tell how large all are."""

_ALIGNED = 64
"""Torch's memory on a processor begins at a multiple of so many bytes."""

_DEVICE_SHARE = 0.25
"""Of a device's free memory rows may take so much."""


class Stream:
    """Encoded rows in their file, which give batches as a tensor of all of them would."""

    def __init__(self, x: Unread, device: str) -> None:
        self._x, self._copied = x, Copies(device)
        self._groups = x.groups
        self._window = np.zeros(len(x), np.int64)
        self._held: dict[int, tuple[npt.NDArray[np.intp], Tensor]] = {}

    def __len__(self) -> int:
        return len(self._x)

    def order(self, generator: torch.Generator) -> Tensor:
        """Deal the rows to windows and return in which order an epoch sees them: ``(rows,)``."""
        self._held.clear()
        groups, part = np.unique(self._groups, return_inverse=True)
        windows = max(1, -(-_bytes(self._x) // WINDOW_BYTES))
        dealt = [
            torch.randperm(windows, generator=generator).numpy()
            for _ in range(-(-len(groups) // windows))
        ]
        self._window = np.concatenate(dealt)[part]
        mixed = torch.randperm(len(self), generator=generator).numpy()
        return torch.from_numpy(mixed[np.argsort(self._window[mixed], kind="stable")])

    def __getitem__(self, rows: Tensor) -> Tensor:
        """Return the rows of a batch, on the device; they belong to one window or two."""
        places = rows.cpu().numpy()
        windows = self._window[places]
        needed = np.unique(windows).tolist()
        self._held = {window: held for window, held in self._held.items() if window in needed}
        for window in needed:
            if window not in self._held:
                members = np.flatnonzero(self._window == window)
                self._held[window] = members, torch.from_numpy(self._x[members])
        parts = [self._of(window, places[windows == window]) for window in needed]
        order = np.argsort(np.argsort(windows, kind="stable"), kind="stable")
        return self._copied(torch.cat(parts)[torch.from_numpy(order)])

    def looked(self) -> Tensor:
        """Return rows from all over the file, on the device: enough to tell how large numbers are.

        Of few parts of it, as one row costs as much to read as its part.
        """
        most = max(64, LOOKED // max(1, math.prod(self._x.shape[1:])))
        first = np.unique(self._groups)
        some = first[np.linspace(0, len(first) - 1, min(16, len(first))).round().astype(np.intp)]
        places = np.flatnonzero(np.isin(self._groups, some))
        chosen = places[np.linspace(0, len(places) - 1, min(most, len(places))).astype(np.intp)]
        return self._copied(torch.from_numpy(self._x[chosen]))

    def parts(self, numbers: int) -> Iterator[Tensor]:
        """Yield all rows as they lie, about so many numbers at a time, on the device."""
        size = max(1, numbers // max(1, math.prod(self._x.shape[1:])))
        for start in range(0, len(self), size):
            yield self._copied(torch.from_numpy(self._x[start : start + size]))

    def _of(self, window: int, places: npt.NDArray[np.intp]) -> Tensor:
        members, held = self._held[window]
        return held[torch.from_numpy(np.searchsorted(members, places))]


Rows: TypeAlias = Tensor | Stream
"""Encoded rows as training reads them."""


def rows(x: Any, device: str) -> Rows:
    """Return encoded rows on the device, or what reads them where they stay in their file.

    Where the device has room for them they are on it after all.
    """
    if isinstance(x, np.memmap) and device == "cpu" and _as_torch_lays(x):
        return torch.from_numpy(x)  # nobody writes to rows
    if isinstance(x, np.ndarray):
        # A copy: torch's memory is aligned, numpy's not always; products differ in the last bit.
        return torch.tensor(x, device=device)
    stream = Stream(x, device)
    if not device.startswith("cuda") or _bytes(x) > _DEVICE_SHARE * _free(device):
        return stream
    return torch.cat(list(stream.parts(LOOKED)))


def looked(x: Rows) -> Tensor:
    """Return rows enough to tell how large all are."""
    return x.looked() if isinstance(x, Stream) else x


def order(x: Rows, generator: torch.Generator) -> Tensor:
    """Return in which order an epoch sees the rows: ``(rows,)``, on their device."""
    if isinstance(x, Stream):
        return x.order(generator)
    return torch.randperm(len(x), generator=generator).to(x.device)


def _as_torch_lays(x: npt.NDArray[Any]) -> bool:
    """Whether numbers lie as torch's own do: what is mapped whole does, a part of it hardly."""
    return x.flags.c_contiguous and x.ctypes.data % _ALIGNED == 0


def _bytes(x: Unread) -> int:
    return x.dtype.itemsize * math.prod(x.shape)


def _free(device: str) -> int:
    free, _ = torch.cuda.mem_get_info(torch.device(device))
    return int(free)
