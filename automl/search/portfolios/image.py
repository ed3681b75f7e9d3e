"""The first candidates for images and volumes: one network, short both ways, then long.

A network learns them best in one long cycle, so a budget of seconds is dealt out before it starts:
two short trainings say whether mirror images help (of volumes turns too), two long ones take what
that says, and their mean is the model. Widths and epochs follow from rows, shape and budget, never
from the clock; a plan that is too long for a machine is shortened while it trains
(`training/pace.py`). It is wider only where as many epochs still fit: on 7,500 photographs width 16
with 75 epochs beat 24 with 44 and 32 with 28, which all cost about the same, and on 18,000 images
of 28 × 28 width 16 with 9 whole epochs beat width 24 stopped at 8.8 of 11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
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
ROOM = 1.5
"""What trains to the end of the search is planned for so many times the epochs that are foreseen,
and shortened to those that fit: a machine that is faster than foreseen is not idle at the end."""

WIDTHS = (16, 24, 32, 48)
NARROW = WIDTHS[:2]
"""Of volumes, whose answer may be the mean of four images: a file's row costs as many."""
ENOUGH_EPOCHS = 80
"""A wider network has to have so many."""
FEWEST_EPOCHS, MOST_EPOCHS = 6, 130
DIVIDED_EPOCHS = 3 * FEWEST_EPOCHS
"""Where fewer fit into all the seconds none are spent on short trainings: each worker's first takes
them all, one with mirror images and one without."""
BATCH, FEW_ROWS, SMALL_PLACES = 64, range(4_500, 20_001), 1 << 13
"""Batches of so many images, of so many places at most: steps are what few images lack. Half of the
usual gave 7,500 photographs and 20,000 pictures of clothes a log loss 3 % less in as many epochs.
Of fewer images usual batches are no larger."""
AFAR = 2
"""Where not even the fewest fit the first convolution looks at every second place along each axis,
and the rest costs a quarter, of volumes an eighth."""

FLIP, TURN = "flip", "turn"


def steps(spec: StudySpec, plan: Plan) -> tuple[Step, ...]:
    """Return the first candidates' families, with what differs from their defaults."""
    volumes = plan.modality is Modality.VOLUME
    # Photographs have colours, digits and letters mostly not; what is solid lies in any direction.
    first = volumes or plan.shape[-1] == 3
    likely, other = _symmetric(volumes, first), _symmetric(volumes, not first)
    widths = NARROW if volumes else WIDTHS
    short, long = _sized(spec, plan, widths)
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


def _sized(
    spec: StudySpec, plan: Plan, widths: Sequence[int]
) -> tuple[Mapping[str, Value], Mapping[str, Value]]:
    """Return size and epochs of the short trainings and of the long ones.

    Each is of the widest network that has its epochs in that share of the search's seconds; those
    that nothing comes after have room for more.
    """
    every = cost.stride(plan)
    few = plan.modality is Modality.IMAGE and plan.rows in FEW_ROWS
    batch = {"batch_size": BATCH} if few and prod(plan.shape[:2]) <= SMALL_PLACES else {}
    if spec.budget.seconds is None:
        return {"stride": every, **batch}, {"stride": every, **batch}
    seconds = spec.budget.seconds - finish_reserve(spec.budget.seconds, plan.outputs)

    def epochs(share: float, width: int) -> int:
        a_pass = cost.epoch(plan, FamilyName.RESNET, width, every=every)
        return int(share * seconds / plan.folds / a_pass)

    def widest(share: float, widths: Sequence[int], room: float = ROOM) -> Mapping[str, Value]:
        enough = [width for width in widths if epochs(share, width) >= ENOUGH_EPOCHS]
        width = enough[-1] if enough else widths[0]
        planned = min(MOST_EPOCHS, max(FEWEST_EPOCHS, int(room * epochs(share, width))))
        return {"stride": every, "width": width, "epochs": planned, **batch}

    if epochs(SHORT + LONG, widths[0]) < FEWEST_EPOCHS:
        every = AFAR
    if epochs(SHORT + LONG, widths[0]) < DIVIDED_EPOCHS:
        return (widest(SHORT + LONG, widths[:1]),) * 2
    return widest(SHORT, widths[:1], room=1.0), widest(LONG, widths)
