"""Learning rate schedules: which part of the peak learning rate a step is given.

A schedule is a pure function of progress, so a shortened plan or a resumed checkpoint needs no
state, and several networks can stand at different points of it.
"""

import math
from enum import StrEnum
from typing import Literal, assert_never


class Schedule(StrEnum):
    """How the learning rate moves over the planned steps."""

    CONSTANT = "constant"
    STEP = "step"
    """A tenth from half of the steps on, a hundredth from three quarters on."""
    EXPONENTIAL = "exponential"
    """By the same factor at every step, down to a hundredth."""
    LINEAR = "linear"
    COSINE = "cosine"
    ONE_CYCLE = "one_cycle"
    """Up along a cosine for three tenths of the steps, then down along one to nearly zero.

    Reference: Smith and Topin 2018, "Super-Convergence", with fastai's shape and figures.
    """
    COSLOG4 = "coslog4"
    """Four waves from zero to the peak and back, each twice as long as the one before, or more.

    Reference: Holzmüller et al. 2024, "Better by Default", section 3.
    """


_Rising = Literal[Schedule.ONE_CYCLE, Schedule.COSLOG4]
_Falling = Literal[
    Schedule.CONSTANT, Schedule.STEP, Schedule.EXPONENTIAL, Schedule.LINEAR, Schedule.COSINE
]

_ONE_CYCLE_START = 1 / 25
_ONE_CYCLE_END = _ONE_CYCLE_START / 1e4
_ONE_CYCLE_RISE = 0.3
_DECAY = 0.01
"""What an exponential schedule ends at."""


def multiplier(schedule: Schedule, step: int, steps: int, warmup: float = 0.0) -> float:
    """Return the learning rate of ``step`` (from 0) of ``steps`` as a part of its peak.

    ``warmup`` is the fraction of the steps that rise linearly first; one-cycle and coslog4 have
    rises of their own.
    """
    if schedule is Schedule.ONE_CYCLE or schedule is Schedule.COSLOG4:
        return _rising(schedule, step, steps)
    rising = int(warmup * steps)
    if step < rising:
        return (step + 1) / (rising + 1)
    return _falling(schedule, (step - rising) / max(1, steps - rising))


def fading(step: int, steps: int) -> float:
    """Return which part of dropout and weight decay a step is given: all of it, then less and less.

    Reference: ``flat_cos`` of Holzmüller et al. 2024, "Better by Default", section 3.
    """
    return _cosine(1.0, 0.0, max(0.0, 2.0 * step / steps - 1.0))


def _falling(schedule: _Falling, progress: float) -> float:
    match schedule:
        case Schedule.CONSTANT:
            return 1.0
        case Schedule.STEP:
            return 1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01
        case Schedule.EXPONENTIAL:
            return float(_DECAY**progress)
        case Schedule.LINEAR:
            return 1.0 - progress
        case Schedule.COSINE:
            return _cosine(1.0, 0.0, progress)
        case _:
            assert_never(schedule)


def _rising(schedule: _Rising, step: int, steps: int) -> float:
    if schedule is Schedule.ONE_CYCLE:
        return _one_cycle(step / steps)
    return _coslog4((step + 0.5) / steps)  # the very first step would else be none


def _one_cycle(progress: float) -> float:
    if progress < _ONE_CYCLE_RISE:
        return _cosine(_ONE_CYCLE_START, 1.0, progress / _ONE_CYCLE_RISE)
    return _cosine(1.0, _ONE_CYCLE_END, (progress - _ONE_CYCLE_RISE) / (1.0 - _ONE_CYCLE_RISE))


def _coslog4(progress: float) -> float:
    return 0.5 * (1.0 - math.cos(2.0 * math.pi * math.log2(1.0 + 15.0 * progress)))


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * progress))
