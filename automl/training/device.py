"""Torch's process-wide switches, set for one piece of work and put back after it."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def session(device: str, threads: int) -> Iterator[None]:
    """Compute with ``threads`` threads, leaving torch's random state as it was found.

    Denormal numbers count as zero meanwhile: Adam's memory of rarely seen categories decays
    through them, and they cost the processor a hundred times as much as others.
    """
    before = torch.get_num_threads()
    cards = [torch.device(device)] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=cards):
        torch.set_num_threads(threads)
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(False)
            torch.set_num_threads(before)


def seed(*numbers: int) -> torch.Generator:
    """Seed torch's global state (dropout, initial weights) and return a generator, by ``numbers``.

    What an epoch draws is a function of the candidate's seed and the epoch's number, so a
    checkpoint holds no random state and a resumed training draws what an undisturbed one draws.
    """
    for_torch, for_order = np.random.SeedSequence(numbers).generate_state(2, np.uint64).tolist()
    torch.manual_seed(for_torch >> 1)
    return torch.Generator().manual_seed(for_order >> 1)


def autocast(device: str, *, mixed: bool) -> torch.autocast:
    """Return the context of mixed precision: bfloat16 where a CUDA device has it, else nothing."""
    able = mixed and device.startswith("cuda") and torch.cuda.is_bf16_supported()
    return torch.autocast(device.partition(":")[0], dtype=torch.bfloat16, enabled=able)
