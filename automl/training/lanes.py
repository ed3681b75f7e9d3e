"""Networks of one shape trained as one tensor program: lanes.

A step of a small network is bound by the number of calls, not by arithmetic, so several networks
take little longer than one where each call serves them all. Lanes are the folds of a candidate, and
those of other candidates of its shape beside them: what they are trained with may differ. Each lane
draws batches and dropout masks from generators of its own, as it would alone (on a GPU masks are
drawn at once): its result is the same but for the order in which products are summed.

A lane that has ended leaves: the others go on in a smaller matrix. One that is left goes on alone.
What ends a candidate before its time, ends its own lanes.
"""

import time
from collections.abc import Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import torch
from torch import Tensor

from automl.core.hyperparameter import Params
from automl.core.learner import Control, Examples, Fitted, Fold, NetworkFamily, Stacking
from automl.core.state import State
from automl.training import run as runs
from automl.training.device import memory_errors, out_of_memory, seed, session, too_large
from automl.training.fit import epoch as epoch_alone
from automl.training.lane import Lane, Training, by_training
from automl.training.pace import Clock, Pace, judging
from automl.training.paying import companions, kind, pay
from automl.training.precision import products
from automl.training.stacked import Stacked
from automl.training.stream import Rows
from automl.training.strides import Record

__all__ = ["Lanes", "Outcome", "companions", "fit", "kind", "pay"]

Outcome: TypeAlias = list[Fitted] | Exception
"""A candidate's fitted folds, or what ended it before."""


def fit(
    family: NetworkFamily,
    params: Params,
    folds: Sequence[Fold],
    control: Control,
    resume: State | None = None,
    *,
    stacking: Stacking,
    clock: Clock = time.perf_counter,
) -> list[Fitted]:
    """Return the networks of ``params`` trained on each of ``folds``, as `fit.fit` on each alone.

    Arguments are those of `Lanes` and `Lanes.add`.

    Raises:
        TrialError: the candidate is invalid, diverged on a fold or does not fit into memory.
        TrialStopped: ``control`` said so.
    """
    lanes = Lanes(stacking, clock=clock)
    lanes.add(family, params, folds, control, resume)
    while True:
        for _, outcome in lanes.epoch():
            if isinstance(outcome, Exception):
                raise outcome
            return outcome


class Lanes:
    """The folds of one candidate or of several in training, an epoch at a time.

    Args:
        stacking: Makes one program of networks.
        clock: Seconds from any origin.
        record: Is told what steps take.
    """

    def __init__(
        self,
        stacking: Stacking,
        *,
        clock: Clock = time.perf_counter,
        record: Record | None = None,
    ) -> None:
        self._stacking = stacking
        self._clock = clock
        self._record = record
        self._before: list[Lane] = []
        """Those that stepped together in the epoch before."""
        self._trainings: list[Training] = []
        self._read: dict[int, tuple[Examples, Rows, Tensor]] = {}
        self._shapes: dict[Hashable, int] = {}
        self._held: list[Stacked] = []
        self._most: int | None = None
        """Lanes that fit into memory together, once more did not."""
        self._turn = 1.0
        """Of the lanes of one shape those whose turn it is, where not all fit."""

    def add(
        self,
        family: NetworkFamily,
        params: Params,
        folds: Sequence[Fold],
        control: Control,
        resume: State | None = None,
    ) -> Training:
        """Let the folds of a candidate train beside those that are there, from the next epoch on.

        Those that differ in steps, layout or shape are trained one group after the other.
        ``control`` hears of epochs in the order of the folds, of one that trains beside others once
        those before it have ended; epochs count on through the folds, and ``fold`` is the place in
        ``folds``.

        Args:
            family: Builds the networks.
            params: The candidate's hyperparameters.
            folds: Rows, task and metric of each; what `pay` is asked of one of them.
            control: Hears of epochs, is offered checkpoints of all lanes, and may stop them.
            resume: A checkpoint of the same candidate on the same folds, to go on from.

        Raises:
            TrialError: the candidate is invalid or does not fit into memory.
        """
        training = Training(family, params, control)
        with session(folds[0].device, folds[0].threads), memory_errors(_what(len(folds))):
            training.start(folds, resume, self._tensors)
        for lane in training.lanes:
            lane.shape = self._shapes.setdefault(lane.needs(), len(self._shapes))
        self._trainings.append(training)
        return training

    def epoch(self) -> list[tuple[Training, Outcome]]:
        """Train for an epoch what can train next; return what has ended, and how."""
        lanes = self._next()
        trained = {lane.training for lane in lanes}
        for training in self._trainings:
            if training not in trained and not training.ended:
                training.attempt(training.control.check)
        if lanes:
            fold = lanes[0].run.fold
            with session(fold.device, fold.threads):
                self._train(lanes)
        return list(self._close(trained))

    def offer(self) -> list[tuple[Training, Outcome]]:
        """Offer a checkpoint of all where they stand; return what has ended by that, and how."""
        return list(self._close(self._trainings))

    def _tensors(self, examples: Examples, device: str) -> tuple[Rows, Tensor]:
        """Return a fold's rows on the device, where they lie once for all candidates."""
        if id(examples) not in self._read:
            self._read[id(examples)] = examples, *runs.tensors(examples, device)
        _, x, y = self._read[id(examples)]
        return x, y

    def _next(self) -> list[Lane]:
        """Return the lanes that step together next."""
        waiting = [
            lane
            for training in self._trainings
            for lane in training.lanes
            if training.error is None and not lane.ended
        ]
        going = [lane for lane in waiting if lane.shape == waiting[0].shape]
        for lane in going:
            if lane.shape not in lane.training.paces:
                self._pace(lane, len(going) / len(waiting))
        if len({lane.training for lane in going}) > 1:
            going.sort(key=lambda lane: len(lane.run.y))
        return going

    def _pace(self, lane: Lane, share: float) -> None:
        training, run = lane.training, lane.run

        def left() -> float | None:
            seconds = training.control.seconds_left()
            return None if seconds is None else seconds * share * self._turn

        judged = judging(len(run.y_valid), run.recipe.batch_size)
        training.paces[lane.shape] = Pace(self._clock, left, lane.progress.steps, judged)

    def _train(self, lanes: Sequence[Lane]) -> None:
        """Train lanes of one shape for an epoch, so many at a time as fit into memory."""
        most = self._most or len(lanes)
        for start in range(0, len(lanes), most):
            part = [each for each in lanes[start : start + most] if each.training.error is None]
            self._turn = len(part) / len(lanes)
            if part and not self._fits(part):
                self._most = max(1, len(part) // 2)
                self._train(lanes[start:])
                return

    def _fits(self, lanes: list[Lane]) -> bool:
        """Train these lanes for an epoch; return False, as if nothing was, if memory ran out."""
        back = None
        try:
            if len(lanes) == 1:
                self._alone(lanes[0])
            else:
                stacked = self._stack(lanes)
                back = stacked.mark()
                with self._recorded(lanes):
                    self._together(stacked)
        except Exception as error:  # noqa: BLE001 -- whose lanes these are hear of it
            short = out_of_memory(error)
            failure = too_large(_what(1)) if short else error
        else:
            return True
        # Only here the error is forgotten, and with it all that its frames held.
        if short and len(lanes) > 1:
            self._held.clear()
            if back:
                back()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            return False
        for lane in lanes:
            lane.training.error = lane.training.error or failure
        return True

    def _stack(self, lanes: list[Lane]) -> Stacked:
        """Return the lanes as one program; what holds one of them otherwise is forgotten."""
        for stacked in self._held:
            if stacked.lanes == lanes:
                return stacked
        moved = set(lanes)
        self._held = [stacked for stacked in self._held if not moved & set(stacked.lanes)]
        self._held.append(Stacked(lanes, self._stacking))
        return self._held[-1]

    def _alone(self, lane: Lane) -> None:
        lane.progress.draw_from(None)
        pace = lane.training.paces[lane.shape]
        lane.points.append(epoch_alone(lane.progress, lane.run, pace))

    @contextmanager
    def _recorded(self, lanes: list[Lane]) -> Iterator[None]:
        """Take down what steps take inside the block.

        Only where all lanes take all of an epoch's steps, and not for the first time together: what
        a program does but once is not what a step takes.
        """
        again, self._before = lanes == self._before, lanes
        if self._record is None or not again:
            yield
            return
        begun, taken = self._record.clock(), [lane.progress.step for lane in lanes]
        yield
        seconds, steps = self._record.clock() - begun, lanes[0].run.steps
        if all(lane.progress.step - at == steps for lane, at in zip(lanes, taken, strict=True)):
            self._record.add(len(lanes), seconds / (len(lanes) * steps))

    def _together(self, stacked: Stacked) -> None:
        """Train for an epoch and validate each lane, as `fit.epoch` does one."""
        started, lanes = self._clock(), stacked.lanes
        for lane in lanes:
            lane.begin()
        first = lanes[0]
        if not first.run.fold.device.startswith("cpu"):
            seed(first.run.fold.device, first.run.fold.seed, first.progress.epoch)
        with products(first.run.fold.device, "tf32"):
            last = self._steps(stacked)
        outputs = dict(zip(last.lanes, last.outputs(), strict=True)) if last.several else {}
        for lane in lanes:
            lane.judge(outputs.get(lane))
        going = [lane for lane in lanes if lane.training.error is None]
        for training, own in by_training(going).items():
            training.paces[first.shape].plan(own[0].progress)
            _level(own)
        seconds = (self._clock() - started) / len(lanes)
        for lane in going:
            lane.points.append(lane.point(seconds))

    def _steps(self, stacked: Stacked) -> Stacked:
        """Take the steps of an epoch; return who took the last one together.

        A candidate that is stopped or diverges, or whose plan ends here, leaves the others.
        """
        number = 0
        while True:
            number = self._advance(stacked, number)
            going = [lane for lane in stacked.lanes if lane.stepping]
            if number == stacked.steps or not going:
                return stacked
            stacked = self._stack(going)

    def _advance(self, stacked: Stacked, number: int) -> int:
        """Take steps from that number on until one leaves; return the next one's number."""
        stacked.begin(number)
        while number < stacked.steps:
            for training in stacked.trainings:
                training.attempt(training.control.check)
            if not stacked.stepping:
                break
            stacked.step(number)
            number += 1
            if self._replanned(stacked) and number < stacked.steps:
                stacked.plan(number)
        stacked.end()
        return number

    def _replanned(self, stacked: Stacked) -> bool:
        """Count a step; return whether a clock has changed a plan."""
        changed = False
        for training, own in stacked.trainings.items():
            progress, before = own[0].progress, own[0].progress.steps
            training.paces[own[0].shape].step(progress)
            if progress.steps != before:
                changed = True
                _level(own)
        return changed

    def _close(self, trained: Collection[Training]) -> Iterator[tuple[Training, Outcome]]:
        """Tell what those have measured; yield what has ended."""
        for training in list(self._trainings):
            if training in trained and training.error is None:
                training.attempt(training.hand_on)
            if training.ended:
                self._trainings.remove(training)
                yield training, training.error or training.fitted()
                training.let_go()
        self._forget()

    def _forget(self) -> None:
        """Let go of what only those that have ended needed."""
        going = set(self._trainings)
        self._held = [stacked for stacked in self._held if going.issuperset(stacked.trainings)]
        if not going.issuperset(lane.training for lane in self._before):
            self._before = []
        folds = [lane.run.fold for training in going for lane in training.lanes]
        needed = {id(examples) for fold in folds for examples in (fold.train, fold.valid)}
        self._read = {key: read for key, read in self._read.items() if key in needed}


def _level(lanes: Sequence[Lane]) -> None:
    """Give a candidate's lanes the plan of the first, which a clock may have changed."""
    for lane in lanes:
        lane.progress.steps = lanes[0].progress.steps


def _what(folds: int) -> str:
    return f"Training {folds} folds at once" if folds > 1 else "Training a fold"
