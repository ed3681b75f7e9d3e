"""The first candidates for images and volumes: one network, short both ways, then long.

A network learns them best in one long cycle, so a budget of seconds is dealt out before it starts:
two short trainings say whether mirror images help (of volumes turns too), two long ones take what
that says, and their mean is the model. Widths and epochs follow from rows, shape and budget, never
from the clock; a plan that is too long for a machine is shortened while it trains
(`training/pace.py`). It is wider only where as many epochs still fit: on 18,000 images of 28 × 28
width 16 with 9 whole epochs beat width 24 stopped at 8.8 of 11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from automl.core import metric
from automl.core.catalog import FamilyName, Modality, TrialState
from automl.core.hyperparameter import Value
from automl.core.study import Plan, StudySpec, finish_reserve
from automl.core.trial import Candidate, Trial
from automl.search import cost

Step = tuple[FamilyName, Mapping[str, Value]]

SHORT, LONG = 0.18, 0.81
"""Parts of the search's seconds that a short and a long training are planned for: all of them but
what loading takes. A plan leaves a reserve of its own (`training/pace.py`), so none runs over; with
0.75 the last 40 s of 600 s bore no third training of any worth."""

WIDTHS = (16, 24, 32, 48)
NARROW = WIDTHS[:2]
"""Of volumes, whose answer may be the mean of four images: a file's row costs as many."""
ENOUGH_EPOCHS = 30
"""A wider network has to have so many."""
FEWEST_EPOCHS, MOST_EPOCHS = 6, 100

FLIP, TURN = "flip", "turn"


def steps(spec: StudySpec, plan: Plan) -> tuple[Step, ...]:
    """Return the first candidates' families, with what differs from their defaults."""
    volumes = plan.modality is Modality.VOLUME
    # Photographs have colours, digits and letters mostly not; what is solid lies in any direction.
    first = volumes or plan.shape[-1] == 3
    likely, other = _symmetric(volumes, first), _symmetric(volumes, not first)
    widths = NARROW if volumes else WIDTHS
    short, long = _sized(spec, plan, SHORT, widths[:1]), _sized(spec, plan, LONG, widths)
    return (
        (FamilyName.RESNET, {**short, **likely}),
        (FamilyName.RESNET, {**short, **other}),
        (FamilyName.RESNET, {**long, **likely, "cutout": 0.25}),
        (FamilyName.RESNET, {**long, **likely, "cutout": 0.4, "jitter": 0.1}),
        (FamilyName.CNN, MappingProxyType(likely)),
    )


def settled(candidate: Candidate, number: int, history: Sequence[Trial], plan: Plan) -> Candidate:
    """Return one of the long candidates with mirror images as the short ones found them to help.

    While not both are known it stays as it is.
    """
    found = {trial.candidate.params.get(FLIP): trial for trial in history if _judged(trial)}
    with_them, without = found.get(True), found.get(False)
    if number < 2 or FLIP not in candidate.params or with_them is None or without is None:
        return candidate
    helps = not metric.better(plan.metric, without.value, with_them.value)
    better = (with_them if helps else without).candidate.params
    taken = {name: better[name] for name in (FLIP, TURN) if name in better}
    return replace(candidate, params={**candidate.params, **taken})


def _judged(trial: Trial) -> bool:
    short = trial.number < 2 and trial.candidate.family is FamilyName.RESNET
    return short and trial.state is TrialState.COMPLETE and trial.value is not None


def _symmetric(volumes: bool, are: bool) -> dict[str, Value]:  # noqa: FBT001
    """Return which images of an array mean the same."""
    return {FLIP: are, TURN: are} if volumes else {FLIP: are}


def _sized(spec: StudySpec, plan: Plan, share: float, widths: Sequence[int]) -> Mapping[str, Value]:
    """Return the widest network that has its epochs in that share of the search's seconds."""
    stride: dict[str, Value] = {"stride": cost.stride(plan)}
    if spec.budget.seconds is None:
        return stride
    seconds = share * (spec.budget.seconds - finish_reserve(spec.budget.seconds, plan.outputs))
    fitting = {
        width: int(seconds / plan.folds / cost.epoch(plan, FamilyName.RESNET, width))
        for width in widths
    }
    enough = [width for width in widths if fitting[width] >= ENOUGH_EPOCHS]
    width = enough[-1] if enough else widths[0]
    return {
        **stride,
        "width": width,
        "epochs": min(MOST_EPOCHS, max(FEWEST_EPOCHS, fitting[width])),
    }
