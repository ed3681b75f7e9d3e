"""Where torch computes: its process-wide switches, its random state, its memory."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from automl.core.catalog import TrialFailure
from automl.core.errors import TrialError
from automl.core.lean import keeping_freed
from automl.training.precision import products


@contextmanager
def session(device: str, threads: int) -> Iterator[None]:
    """Compute with ``threads`` threads, leaving torch's random state as it was found.

    Denormal numbers count as zero meanwhile: Adam's memory of rarely seen categories decays
    through them, and they cost the processor a hundred times as much as others. What a step frees
    stays with the process for the next one.
    """
    before = torch.get_num_threads()
    cards = [torch.device(device)] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=cards), products(device, "ieee"), keeping_freed():
        torch.set_num_threads(threads)
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(False)
            torch.set_num_threads(before)


def seed(device: str, *numbers: int) -> torch.Generator:
    """Seed torch's global state (dropout, first weights) and return a generator, by ``numbers``.

    What an epoch draws is a function of the candidate's seed and the epoch's number, so a
    checkpoint holds no random state and a resumed training draws what an undisturbed one draws.
    """
    for_torch, for_order = _seeds(*numbers)
    # Not torch.manual_seed: without CUDA it queues a call with a stack trace for ever, 0.7 ms each.
    torch.default_generator.manual_seed(for_torch)
    if device.startswith("cuda"):
        torch.cuda.default_generators[torch.device(device).index or 0].manual_seed(for_torch)
    return torch.Generator().manual_seed(for_order)


def generators(*numbers: int) -> tuple[torch.Generator, torch.Generator]:
    """Return two generators: one draws what torch's state would after ``seed``, one is its own."""
    for_torch, for_order = _seeds(*numbers)
    return torch.Generator().manual_seed(for_torch), torch.Generator().manual_seed(for_order)


def _seeds(*numbers: int) -> tuple[int, int]:
    drawn = np.random.SeedSequence(numbers).generate_state(2, np.uint64).tolist()
    return drawn[0] >> 1, drawn[1] >> 1


def autocast(device: str, *, mixed: bool) -> torch.autocast:
    """Return the context of mixed precision: bfloat16 where the device computes in it, else none.

    On a processor with AVX512_BF16 convolutions of small images train in 0.55 to 0.7 of the time.
    """
    kind = device.partition(":")[0]
    able = torch.cuda.is_bf16_supported if kind == "cuda" else _processor_has_bfloat16
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=mixed and able())


def _processor_has_bfloat16() -> bool:
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


@contextmanager
def memory_errors(what: str) -> Iterator[None]:
    """Turn running out of memory, here or on the device, into the trial's failure.

    Raises:
        TrialError: ``what`` did not fit into memory.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        raise too_large(what) from error


def out_of_memory(error: Exception) -> bool:
    """Return whether the error says that memory ran out, here or on the device."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    # The CPU's allocator raises a plain RuntimeError.
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)


def too_large(what: str) -> TrialError:
    """Return the failure of what does not fit into memory."""
    message = f"{what} did not fit into memory; narrower layers or smaller batches would."
    return TrialError(TrialFailure.OUT_OF_MEMORY, message)
