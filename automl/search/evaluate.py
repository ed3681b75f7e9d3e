"""From a candidate to its result: trained on every fold, judged on rows it did not see.

A family whose file holds one fit on all rows is trained once more for that.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl import families, tasks
from automl.core.catalog import TrialFailure
from automl.core.errors import TrialError
from automl.core.learner import Control, Fitted, Fold, Followed
from automl.core.state import State, nest, unnest
from automl.core.trail import shared_end
from automl.core.trial import Candidate, CurvePoint, Rungs
from automl.search import checkpoint
from automl.search.checkpoint import Done
from automl.search.prepare import WHOLE, Prepared
from automl.search.rungs import NO_BARS, Bars, Climb, stages

_UNSEEN = 1e-4
"""Rounding by this share of the targets' standard deviation shows in no metric."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What a complete trial leaves.

    ``value`` is the metric over all out-of-fold rows at once; ``fold_values`` are None where a
    fold's rows do not define it (a ROC AUC of rows of one class); ``out_of_fold`` is
    ``(judged rows, outputs)`` in the data's units, float32 wherever that tells them as well;
    ``fitted`` holds the state of every fold, or of the one fit on all rows; ``parameters`` are
    those of what is held.
    """

    value: float
    fold_values: tuple[float | None, ...]
    epochs: int
    parameters: int
    out_of_fold: npt.NDArray[np.floating[Any]]
    fitted: State
    rungs: Rungs


@dataclass(frozen=True, slots=True, eq=False)
class Untrained:
    """What an evaluation waits for: folds to train, together or one after the other."""

    folds: Sequence[Fold]
    control: Control
    partial: State | None
    """A checkpoint of these folds in training, to go on from."""


Course: TypeAlias = Generator[Untrained, Sequence[Fitted], Evaluation]
"""An evaluation on its way: it asks for folds to be trained and is sent them fitted."""


def evaluate(
    prepared: Prepared,
    candidate: Candidate,
    control: Control,
    *,
    bars: Bars = NO_BARS,
    resume: State | None = None,
    device: str = "cpu",
    threads: int = 1,
) -> Evaluation:
    """Return the candidate's result; a pure function of what is trained, ``bars`` and threads.

    Args:
        prepared: the study's rows and folds.
        candidate: what to train.
        control: is told of epochs and checkpoints, and stops the evaluation.
        bars: what the candidate must reach on the way, see `search.rungs`.
        resume: a checkpoint that ``control.save`` was once given.
        device: where networks train.
        threads: how many threads each fit may use.

    Raises:
        TrialPruned: the candidate is below its bar.
        TrialStopped: ``control`` said so.
        TrialError: the candidate cannot be trained.
    """
    course = follow(
        prepared, candidate, control, bars=bars, resume=resume, device=device, threads=threads
    )
    return alone(candidate, course)


def alone(candidate: Candidate, course: Course) -> Evaluation:
    """Return the result of an evaluation whose folds train beside nobody else's: see `evaluate`."""
    try:
        untrained = next(course)
        while True:
            untrained = course.send(_train_each(candidate, untrained))
    except StopIteration as ended:
        evaluation: Evaluation = ended.value
        return evaluation


def follow(
    prepared: Prepared,
    candidate: Candidate,
    control: Control,
    *,
    bars: Bars,
    resume: State | None,
    device: str,
    threads: int,
) -> Course:
    """Return an evaluation that asks for what it needs trained: see `evaluate`."""
    plan = prepared.plan
    families.validate(candidate.family, candidate.params, plan.task, plan.modality)
    done, partial, begun, (rungs, best) = checkpoint.read(resume)
    refit = prepared.fits(candidate) == (WHOLE,)
    total = len(prepared.folds) + refit
    climb = Climb(prepared.plan.metric, total, bars, rungs, best)

    def fold(index: int) -> Fold:
        seed = _seed(prepared, candidate, index)
        return prepared.fold(index, candidate, seed=seed, threads=threads, device=device)

    going = range(len(done), len(done) + begun)
    for indexes in _together(candidate, fold, len(prepared.folds), bars, going):
        share = len(indexes) / (total - len(done))
        watch = _FoldControl(control, done, climb, folds=len(indexes), share=share)
        trained = yield Untrained([fold(index) for index in indexes], watch, partial)
        partial = None
        for index, fitted in zip(indexes, trained, strict=True):
            judged = _judge(prepared, candidate, index, fitted=fitted, reported=watch.reported)
            done.append(replace(judged, fitted=None) if refit else judged)
            climb.fold([each.value for each in done])
        if refit or len(done) < len(prepared.folds):  # else its result is stored right now
            control.save(lambda: checkpoint.write(done, climb))
    whole = (yield Untrained([fold(WHOLE)], _Unheard(control), None))[0] if refit else None
    return _result(prepared, _level(prepared, candidate, done), climb.rungs, whole)


def fits(fitted: State) -> list[tuple[int, State]]:
    """Return what a trial's ``Evaluation.fitted`` holds: folds' indexes and states, in order."""
    return sorted((int(index), state) for index, state in unnest(fitted).items())


def load_fit(candidate: Candidate, state: State) -> Fitted:
    """Return what was trained from its stored state."""
    family = families.model(candidate.family)
    if families.is_network(family):
        from automl.training import fit as training

        return training.load(family, state)
    return family.load(state)


def _together(
    candidate: Candidate, fold: Callable[[int], Fold], folds: int, bars: Bars, going: range
) -> Iterator[range]:
    """Yield the folds to train, in order: those that train as lanes together.

    First those ``going`` on from a checkpoint, as they began: others may have set bars since. So do
    all that come before a bar, where that is faster; candidate and data alone say whether.
    """
    if going:
        yield going
    done = going.stop
    several = done < folds > 1 and _pay(candidate, fold(0))
    for end in stages(bars, folds) if several else range(1, folds + 1):
        if done < end:
            yield range(done, end)
            done = end


def _pay(candidate: Candidate, fold: Fold) -> bool:
    family = families.model(candidate.family)
    if not families.is_network(family):
        return False
    from automl.families import lanes as stacking
    from automl.training import lanes

    return lanes.pay(family, candidate.params, fold, stacking)


def _train_each(candidate: Candidate, untrained: Untrained) -> Sequence[Fitted]:
    family = families.model(candidate.family)
    folds, control, partial = untrained.folds, untrained.control, untrained.partial
    if len(folds) == 1 or not families.is_network(family):
        return [_train(candidate, fold, control, partial) for fold in folds]
    from automl.families import lanes as stacking
    from automl.training import lanes

    return lanes.fit(family, candidate.params, folds, control, partial, stacking=stacking)


def _train(candidate: Candidate, fold: Fold, control: Control, partial: State | None) -> Fitted:
    family = families.model(candidate.family)
    if families.is_network(family):
        # Only here: torch takes a second to load, which a short budget of trees need not spend.
        from automl.training import fit as training

        return training.fit(family, candidate.params, fold, control, resume=partial)
    return family.fit(candidate.params, fold, control)


def _judge(
    prepared: Prepared, candidate: Candidate, index: int, *, fitted: Fitted, reported: int
) -> Done:
    encoded = prepared.encoded(index, candidate)
    raw = fitted.predict(encoded.valid.x)
    predictions = tasks.load(prepared.plan.task).decode(raw, encoded.scale)
    if not np.isfinite(predictions).all():
        raise TrialError(
            TrialFailure.NON_FINITE_LOSS,
            f"Fold {index + 1} predicts values that are not finite; a smaller learning rate or "
            "more regularization would keep them in range.",
        )
    value = prepared.score(encoded.truth, predictions)
    trail = fitted.trail if isinstance(fitted, Followed) else None
    return Done(
        fitted=fitted.state(),
        predictions=predictions,
        value=_known(value),
        epochs=fitted.epochs,
        parameters=fitted.parameters,
        reported=reported,
        trail=trail,
    )


def _level(prepared: Prepared, candidate: Candidate, done: list[Done]) -> list[Done]:
    """Return the folds judged at the end that is best for all of them, where each has a trail.

    What is kept of a fold stays what it was at its own best: of new rows the mean of such fits says
    as much or more (docs/history/search.md).
    """
    trails = [fold.trail for fold in done if fold.trail is not None and fold.trail.steps]
    if len(trails) < len(prepared.folds) or len(trails) < 2:
        return done
    end = shared_end(trails)
    decode = tasks.load(prepared.plan.task).decode
    level = []
    for index, (fold, trail) in enumerate(zip(done, trails, strict=True)):
        predictions = decode(trail.at(end), prepared.fitted(index, candidate)[1])
        value = prepared.score(prepared.y[prepared.folds[index][1]], predictions)
        level.append(replace(fold, predictions=predictions, value=_known(value)))
    return level


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _result(prepared: Prepared, done: list[Done], rungs: Rungs, whole: Fitted | None) -> Evaluation:
    predictions = np.zeros((len(prepared.y), prepared.plan.outputs))
    for (_, valid), fold in zip(prepared.folds, done, strict=True):
        predictions[valid] = fold.predictions
    judged = predictions[prepared.judged]
    value = prepared.score(prepared.y[prepared.judged], judged)
    if not np.isfinite(value):
        name = prepared.plan.metric.value
        raise TrialError(
            TrialFailure.NON_FINITE_LOSS,
            f"The predictions have no {name}: it is {value}. Another metric may be defined here.",
        )
    return Evaluation(
        value=value,
        fold_values=tuple(fold.value for fold in done),
        epochs=sum(fold.epochs for fold in done),
        parameters=sum(fold.parameters for fold in done) if whole is None else whole.parameters,
        out_of_fold=shortened(judged, prepared.y[prepared.judged]),
        fitted=nest(_kept(done) if whole is None else {str(WHOLE): whole.state()}),
        rungs=rungs,
    )


def shortened(
    predictions: npt.NDArray[np.float64], truth: npt.NDArray[Any]
) -> npt.NDArray[np.floating[Any]]:
    """Return predictions as they are kept: float32, unless the targets lie too close for that.

    Targets such as times in nanoseconds differ by less than float32 can tell at their size, and
    the largest are beyond it: rounded, a good trial would look like none.
    """
    with np.errstate(over="ignore"):
        short = predictions.astype(np.float32)
        lost = np.abs(predictions - short).max()
        return short if lost < _UNSEEN * truth.std() else predictions


def _kept(done: list[Done]) -> dict[str, State]:
    return {str(index): fold.fitted for index, fold in enumerate(done) if fold.fitted is not None}


def _seed(prepared: Prepared, candidate: Candidate, index: int) -> int:
    """Return the fold's seed: of the study's seed and the recipe, not of when or where it runs."""
    recipe = json.dumps(dict(candidate.params), sort_keys=True)
    text = f"{prepared.spec.seed}/{candidate.family.value}/{recipe}/{index}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


class _FoldControl:
    """Passes on what folds report, with epochs counted through all folds, and checkpoints whole."""

    def __init__(
        self, control: Control, done: list[Done], climb: Climb, *, folds: int, share: float
    ) -> None:
        self._control = control
        self._done = done
        self._climb = climb
        self._folds = folds
        self._share = share
        self._offset = done[-1].reported if done else 0
        self.reported = self._offset
        self.check = control.check

    def report(self, point: CurvePoint) -> None:
        self.reported = self._offset + point.epoch
        fold = len(self._done) + (point.fold or 0)
        self._control.report(replace(point, epoch=self.reported, fold=fold))
        if fold == 0:
            self._climb.epoch(point)

    def seconds_left(self) -> float | None:
        """Return these folds' share of the seconds left."""
        left = self._control.seconds_left()
        return None if left is None else left * self._share

    def save(self, state: Callable[[], State]) -> None:
        self._control.save(lambda: checkpoint.write(self._done, self._climb, self._folds, state()))


class _Unheard:
    """Lets a fit be stopped and know its time, but reports nothing: it judges no rows."""

    def __init__(self, control: Control) -> None:
        self.check = control.check
        self.seconds_left = control.seconds_left

    def report(self, point: CurvePoint) -> None:
        """Leave the point out of the trial's curve."""

    def save(self, state: Callable[[], State]) -> None:
        """Keep no checkpoint: the folds' is there, and a fit is one fold's work."""
