"""Candidates of one shape that train together: what they may differ in, and their evaluation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automl import families
from automl.core.learner import Control
from automl.core.state import State
from automl.core.trial import Candidate
from automl.search.evaluate import Evaluation, evaluate
from automl.search.prepare import Prepared
from automl.search.rungs import Bars

FREE = frozenset({"learning_rate", "weight_decay", "dropout", "label_smoothing"})


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One of several candidates that train together.

    ``ended`` is called once, as soon as it has its result, was pruned, stopped or failed.
    """

    candidate: Candidate
    control: Control
    bars: Bars
    resume: State | None
    ended: Callable[[Evaluation | Exception], None]


def companions(prepared: Prepared, candidate: Candidate, *, device: str) -> int:  # noqa: ARG001
    """Return how many like it, itself included, should train together; 1: alone."""
    return 1


def free(candidate: Candidate) -> frozenset[str]:
    """Return the names of hyperparameters in which members of a group may differ."""
    return FREE if families.scheduled(candidate.family) else frozenset()


def evaluate_together(
    prepared: Prepared, members: Sequence[Member], *, device: str, threads: int
) -> None:
    """Evaluate members one after the other."""
    for member in members:
        member.ended(_evaluated(prepared, member, device, threads))


def _evaluated(
    prepared: Prepared, member: Member, device: str, threads: int
) -> Evaluation | Exception:
    try:
        return evaluate(
            prepared,
            member.candidate,
            member.control,
            bars=member.bars,
            resume=member.resume,
            device=device,
            threads=threads,
        )
    except Exception as error:  # noqa: BLE001 -- it is the member's outcome
        return error
