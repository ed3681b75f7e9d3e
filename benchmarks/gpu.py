"""All that is measured of a GPU, by one command on a machine that has one.

    python -m benchmarks.gpu FOLDER... [--tables FOLDER...] [--seconds 60] [--candidates 64]

First what the device can do at best: products in float32, TF32 and bfloat16, and copies within its
memory. Then `benchmarks.sweep` of the tables there: candidates a minute together and one at a time,
and how busy it was. Last a study of so many seconds of each folder, on the device and on the
processor alone, with their scores on test rows (`benchmarks.modalities`). ``--device cpu`` tries
the script itself.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import torch

from automl.training.precision import Precision, products

TIMES = 5
SIZE = 8192
KINDS: tuple[tuple[str, torch.dtype, Precision], ...] = (
    ("float32", torch.float32, "ieee"),
    ("TF32", torch.float32, "tf32"),
    ("bfloat16", torch.bfloat16, "ieee"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", help="of studies, see benchmarks.modalities")
    parser.add_argument("--tables", nargs="*", default=[], help="of sweeps, see benchmarks.problem")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each study")
    parser.add_argument("--candidates", type=int, default=64, help="of a sweep")
    parser.add_argument("--rows", type=int, default=6000, help="of a sweep, at most")
    parser.add_argument("--size", type=int, default=SIZE, help="of the matrices multiplied")
    parser.add_argument("--device", default="cuda:0")
    given = parser.parse_args()
    if given.device != "cpu":
        print(torch.cuda.get_device_properties(given.device))
    for what, rate in limits(given.device, given.size):
        print(f"{what}: {rate:.3g}", flush=True)
    for command, settings in runs(given):
        given_settings = [f"{name}={value}" for name, value in settings.items()]
        print(f"\n{' '.join([*given_settings, 'python', *command])}", flush=True)
        environment = {**os.environ, **settings}  # noqa: TID251 -- of a program to measure
        subprocess.run([sys.executable, *command], env=environment, check=True)


def limits(device: str, size: int) -> Iterator[tuple[str, float]]:
    """Yield what the device computes and copies at best, with units."""
    for name, dtype, precision in KINDS:
        a = torch.randn(size, size, dtype=dtype, device=device)
        with products(device, precision):
            seconds = _least(partial(torch.matmul, a, a), device)
        yield f"{name} products, TFLOP/s", 2 * size**3 / seconds / 1e12
    a = torch.randn(4 * size * size, device=device)
    b = torch.empty_like(a)
    seconds = _least(partial(b.copy_, a), device)
    yield "memory read and written, GB/s", 2 * a.nbytes / seconds / 1e9


def runs(given: argparse.Namespace) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Yield the programs that follow, each with the settings of its environment."""
    if given.tables:
        sweep = ["-m", "benchmarks.sweep", *given.tables, "--device", given.device]
        sweep += ["--candidates", str(given.candidates), "--rows", str(given.rows)]
        yield sweep, {}
    study = ["-m", "benchmarks.modalities", *given.folders, "--budget", str(given.seconds)]
    yield study, {"AUTOML_DEVICE": given.device, "AUTOML_WORKERS": "1"}
    if given.device != "cpu":
        yield study, {"AUTOML_DEVICE": "cpu", "AUTOML_WORKERS": str(os.cpu_count() or 1)}


def _least(act: Callable[[], object], device: str) -> float:
    """Return the seconds of the fastest of some calls, after one that is not counted."""
    return min(_seconds(act, device) for _ in range(1 + TIMES))


def _seconds(act: Callable[[], object], device: str) -> float:
    begun = time.perf_counter()
    act()
    if device != "cpu":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
