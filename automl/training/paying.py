"""Whether lanes pay, and how many: said by candidate, data and device; steps may say fewer."""

import torch

from automl.core.hyperparameter import Params
from automl.core.learner import Fold, NetworkFamily, Stacking
from automl.training import run as runs
from automl.training.device import session
from automl.training.strides import Kind, Strides, power
from automl.training.work import activations, multiplications

_PAYING = 10_000_000
"""Multiplications of a lane's step up to which lanes pay on a processor. Eight folds one by one
took so many times as long as together: 4 at 0.1 million, 2 at 1, 1.5 at 4.6, 1.1 at 8.6
(`benchmarks.lanes`)."""

_BESIDE = 4_000_000
"""Up to which other candidates beside these folds pay too: at 3 million for a multilayer perceptron
1.3 times, at 7 for TabM, whose many members fill the cache, not at all."""

_CELLS = 1 << 22
"""Numbers of a lane's training rows, which all lanes hold at once, twice."""

LANES, SWEEP_LANES = 8, 32
"""On a processor so many lanes train together, and in a study of networks alone. Beside trees whole
trials of eight folds in groups of four took 2.1 s a candidate for 2.0 alone and a third more
memory, and studies with them were no better; a sweep of small networks, which has nothing else to
do, is up to 4.4 times as fast as one by one, where folds alone are 2.4 times (`benchmarks.sweep`).
"""

_ON_A_GPU = 64
"""Candidates on a GPU, if they fit: not measured."""

_ROOM = 0.5
"""Of a GPU's free memory lanes are planned to take so much; what does not fit after all trains in
smaller parts."""

_COPIES = 8
"""Of a lane's weights: themselves, their gradient, two moments, the best, and those of the last
epoch's end to go back to."""

_KEPT = 4
"""Of what a layer makes of a row: itself, its gradient and what lies between."""


def pay(family: NetworkFamily, params: Params, fold: Fold, stacking: Stacking) -> bool:
    """Return whether folds like this one train faster together than one after the other.

    That is said by candidate, data and kind of device alone, never by a clock. On a GPU they always
    do, where every layer has a stacked form: a small network leaves it idle.

    Raises:
        TrialError: the candidate is invalid.
    """
    rows = fold.train.x
    if fold.layout.shape or fold.layout.vocabulary:
        return False
    recipe = runs.read(params, fold)
    with session("cpu", threads=1):
        network = family.build(params, fold.layout, fold.outputs)
    if recipe.mixed_precision or not stacking.stackable(network):
        return False
    if fold.device != "cpu":
        return True
    return rows.size <= _CELLS and _step(family, params, fold) <= _PAYING


def companions(
    family: NetworkFamily,
    params: Params,
    fold: Fold,
    stacking: Stacking,
    *,
    folds: int,
    sweep: bool = False,
    strides: Strides | None = None,
) -> int:
    """Return how many candidates of that shape should train together; 1: alone.

    Args:
        family: Builds the networks.
        params: One of the candidates.
        fold: One of the folds that each trains on.
        stacking: Makes one program of networks.
        folds: How many there are.
        sweep: Whether the study has nothing but networks.
        strides: What steps took here: they may show that fewer are cheaper, never ask for more.

    Raises:
        TrialError: the candidate is invalid.
    """
    most = _most(family, params, fold, stacking, folds=folds, sweep=sweep)
    if most == 1 or strides is None:
        return most
    return strides.candidates(kind(family, params, fold), most, folds)


def kind(family: NetworkFamily, params: Params, fold: Fold) -> Kind:
    """Return which groups tell of a group of such candidates."""
    step = max(1.0, _step(family, params, fold))
    return Kind(family, fold.device.partition(":")[0], power(step))


def _most(
    family: NetworkFamily,
    params: Params,
    fold: Fold,
    stacking: Stacking,
    *,
    folds: int,
    sweep: bool,
) -> int:
    if not pay(family, params, fold, stacking):
        return 1
    if fold.device != "cpu":
        return max(1, min(_ON_A_GPU, _fitting(family, params, fold, folds) // folds))
    if _step(family, params, fold) > _BESIDE:
        return 1
    return max(1, (SWEEP_LANES if sweep else LANES) // folds)


def _step(family: NetworkFamily, params: Params, fold: Fold) -> float:
    """Return the multiplications of a step."""
    batch = fold.rows / runs.steps(runs.read(params, fold), fold.rows)
    return batch * multiplications(family, params, fold.layout, fold.outputs)


def _fitting(family: NetworkFamily, params: Params, fold: Fold, folds: int) -> int:
    """Return how many lanes fit into a GPU's memory, about."""
    rows, recipe = len(fold.train.x), runs.read(params, fold)
    made, weights = activations(family, params, fold.layout, fold.outputs)
    batch = rows / runs.steps(recipe, fold.rows)
    lane = 4 * (_COPIES * weights + _KEPT * batch * (made + fold.layout.width)) + 8 * rows
    data = 2 * folds * (fold.train.x.nbytes + fold.valid.x.nbytes)
    free, _ = torch.cuda.mem_get_info(torch.device(fold.device))
    return int(max(0.0, _ROOM * free - data) / lane)
