"""Rows on their way to a device while the device computes.

A copy from ordinary memory begins when all that the device was told before is done, and keeps its
caller waiting till then. From pinned memory and on a stream of its own a batch travels while the
step before it is computed: losses are looked at every few steps only (`automl.training.watch`), so
the loop is ahead of the device.

Reference: PyTorch's notes on CUDA semantics, "Use pinned memory buffers" and "CUDA streams".
"""

import torch
from torch import Tensor


class Copies:
    """What takes rows to a device; to the processor's own memory it is a plain copy."""

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        cuda = self._device.type == "cuda"
        self._stream = torch.cuda.Stream(self._device) if cuda else None  # type: ignore[no-untyped-call]

    def __call__(self, rows: Tensor) -> Tensor:
        """Return rows in memory on the device; what it is told next waits for them, nobody else."""
        if self._stream is None:
            return rows.to(self._device)
        with torch.cuda.stream(self._stream):
            there = rows.pin_memory().to(self._device, non_blocking=True)
        computing = torch.cuda.current_stream(self._device)
        computing.wait_stream(self._stream)
        there.record_stream(computing)  # else its memory could be the next copy's too early
        return there
