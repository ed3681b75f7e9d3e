"""How busy a GPU is meanwhile: the share of the time in which a kernel ran, as its driver tells."""

import subprocess
from contextlib import suppress
from statistics import fmean
from types import TracebackType
from typing import Self

import torch

EVERY_MILLISECONDS = 200


class Busy:
    """Watches a device while its block runs; ``share`` is None where there is nobody to ask."""

    share: float | None = None

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self._asked: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        if self._device.type == "cuda":
            # By its own name: the driver counts all devices, torch those that it is shown.
            name = f"GPU-{torch.cuda.get_device_properties(self._device).uuid}"
            with suppress(FileNotFoundError):
                self._asked = subprocess.Popen(
                    [
                        "nvidia-smi", f"--id={name}", "--query-gpu=utilization.gpu",
                        "--format=csv,noheader,nounits", f"--loop-ms={EVERY_MILLISECONDS}",
                    ],
                    stdout=subprocess.PIPE,
                    text=True,
                )  # fmt: skip
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._asked is not None:
            self._asked.terminate()
            self.share = mean(self._asked.communicate()[0])


def mean(told: str) -> float | None:
    """Return the mean of percentages, one a line, as a share; what is no number is left out."""
    shares = [int(line) / 100 for line in told.splitlines() if line.strip().isdigit()]
    return fmean(shares) if shares else None
