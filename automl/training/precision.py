"""How exactly a GPU multiplies float32 numbers: coarsely while it learns, exactly when it answers.

In TF32 factors keep 10 bits behind the point and sums stay float32, which tensor cores are many
times as fast at. A step's gradient is an estimate from a few rows anyway. What is judged, chosen by
and stored must be what the model file answers, so all else is computed in float32; convolutions
and recurrent layers too, for which torch itself allows TF32.

Reference: PyTorch's notes on CUDA semantics, "TensorFloat-32 (TF32) on Ampere devices".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch

Precision = Literal["ieee", "tf32"]


@contextmanager
def products(device: str, precision: Precision) -> Iterator[None]:
    """Multiply at that precision on a GPU; on a processor products are always exact."""
    if not device.startswith("cuda"):
        yield
        return
    cudnn: Any = torch.backends.cudnn
    kinds = (torch.backends.cuda.matmul, cudnn.conv, cudnn.rnn)
    before = [kind.fp32_precision for kind in kinds]
    for kind in kinds:
        kind.fp32_precision = precision
    try:
        yield
    finally:
        for kind, was in zip(kinds, before, strict=True):
            kind.fp32_precision = was
