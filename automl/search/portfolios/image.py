"""The first candidates for images and volumes: one network, short both ways, then long.

A network learns them best in one long cycle, so a budget of seconds is dealt out before it starts:
two short trainings say whether mirror images help, two long ones take what that says, and their
mean is the model. Widths and epochs follow from rows, shape and budget, never from the clock; a
plan that is too long for a machine is shortened while it trains (`training/pace.py`). It is wider
only where as many epochs still fit: on 18,000 images of 28 × 28 width 16 with 9 whole epochs beat
width 24 stopped at 8.8 of 11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from automl.core import metric
from automl.core.catalog import FamilyName, TrialState
from automl.core.hyperparameter import Value
from automl.core.study import Plan, StudySpec, finish_reserve
from automl.core.trial import Candidate, Trial
from automl.search import cost

Step = tuple[FamilyName, Mapping[str, Value]]

SHORT, LONG = 0.18, 0.75
"""Parts of the search's seconds that a short and a long training are planned for."""

WIDTHS = (16, 24, 32, 48)
ENOUGH_EPOCHS = 30
"""A wider network has to have so many."""
FEWEST_EPOCHS, MOST_EPOCHS = 6, 100

FLIP = "flip"


def steps(spec: StudySpec, plan: Plan) -> tuple[Step, ...]:
    """Return the first candidates' families, with what differs from their defaults."""
    mirrored = plan.shape[-1] == 3  # photographs have colours, digits and letters mostly not
    short, long = _sized(spec, plan, SHORT, WIDTHS[:1]), _sized(spec, plan, LONG, WIDTHS)
    return (
        (FamilyName.RESNET, {**short, FLIP: mirrored}),
        (FamilyName.RESNET, {**short, FLIP: not mirrored}),
        (FamilyName.RESNET, {**long, FLIP: mirrored, "cutout": 0.25}),
        (FamilyName.RESNET, {**long, FLIP: mirrored, "cutout": 0.4, "jitter": 0.1}),
        (FamilyName.CNN, MappingProxyType({FLIP: mirrored})),
    )


def settled(candidate: Candidate, number: int, history: Sequence[Trial], plan: Plan) -> Candidate:
    """Return one of the long candidates with mirror images as the short ones found them to help.

    While not both are known it stays as it is.
    """
    found = {trial.candidate.params.get(FLIP): trial.value for trial in history if _judged(trial)}
    with_them, without = found.get(True), found.get(False)
    if number < 2 or FLIP not in candidate.params or with_them is None or without is None:
        return candidate
    helps = not metric.better(plan.metric, without, with_them)
    return replace(candidate, params={**candidate.params, FLIP: helps})


def _judged(trial: Trial) -> bool:
    short = trial.number < 2 and trial.candidate.family is FamilyName.RESNET
    return short and trial.state is TrialState.COMPLETE


def _sized(spec: StudySpec, plan: Plan, share: float, widths: Sequence[int]) -> Mapping[str, Value]:
    """Return the widest network that has its epochs in that share of the search's seconds."""
    if spec.budget.seconds is None:
        return {}
    seconds = share * (spec.budget.seconds - finish_reserve(spec.budget.seconds, plan.outputs))
    fitting = {
        width: int(seconds / plan.folds / cost.epoch(plan, FamilyName.RESNET, width))
        for width in widths
    }
    enough = [width for width in widths if fitting[width] >= ENOUGH_EPOCHS]
    width = enough[-1] if enough else widths[0]
    return {"width": width, "epochs": min(MOST_EPOCHS, max(FEWEST_EPOCHS, fitting[width]))}
