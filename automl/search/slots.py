"""Candidates evaluated side by side on this machine, one process each, without a queue."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from automl import families
from automl.core.catalog import TrialFailure, TrialState
from automl.core.errors import TrialError, TrialPruned, TrialStopped
from automl.core.study import REPLAY_WINDOW, StudySpec
from automl.core.trial import Candidate, CurvePoint, Rungs, Trial
from automl.search import cost
from automl.search.control import Deadline, Stop
from automl.search.evaluate import Evaluation, evaluate
from automl.search.places import Place
from automl.search.prepare import Prepared
from automl.search.rungs import NO_BARS, Bars

GRACE = 3.0
"""Seconds that a process has to stop by itself after the deadline."""

QUICK_SECONDS = 1.0
"""A first trial expected to take no longer runs in this process, and to its end: without any trial
there is no model."""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """An ended trial and, where it is complete, its evaluation."""

    trial: Trial
    evaluation: Evaluation | None


class Slots:
    """Places to evaluate in, each a process of its own; a single one is this very process.

    Use as a context manager: leaving it ends every process. A running trial's ``epochs`` is the
    last one that was told of.
    """

    def __init__(
        self,
        places: Sequence[Place],
        prepared: Prepared,
        *,
        deadline: float | None,
        stop: Stop | None = None,
    ) -> None:
        self.trials: list[Trial] = []
        self._stop = stop or Stop()
        self._prepared = prepared
        self._deadline = deadline
        self._places = places
        self._idle: list[_Process] = []
        self._busy: dict[int, _Process] = {}
        self._results: dict[int, Result] = {}
        self._leaving = False
        self._complete: SimpleQueue[Candidate | None] = SimpleQueue()
        self._warming = threading.Thread(target=self._warm, daemon=True)

    def __enter__(self) -> Self:
        if len(self._places) > 1:
            self._idle = [self._process(place) for place in self._places]
            self._warming.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in [*self._idle, *self._busy.values()]:
            process.kill()
        self._leaving = True
        self._complete.put(None)
        if self._warming.ident is not None:
            self._warming.join()

    @property
    def busy(self) -> bool:
        """Whether any trial is running."""
        return bool(self._busy)

    def ready(self, spec: StudySpec) -> bool:
        """Return whether a trial may be asked for now: a free place, time, and the window.

        The first may always.
        """
        late = self._deadline is not None and time.monotonic() >= self._deadline
        if self._stop.asked or (late and self.trials):
            return False
        if len(self._places) > 1 and not self._idle:
            return False
        oldest = min(self._busy, default=len(self.trials))
        return not spec.budget.replay or oldest > len(self.trials) - REPLAY_WINDOW

    def seconds_left(self) -> float | None:
        """Return the seconds until the search's deadline, None without one."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def start(self, number: int, candidate: Candidate, bars: Bars = NO_BARS) -> None:
        """Evaluate ``candidate`` as the trial ``number``; this returns when done with one place.

        So it does where the first trial is quick: it has ended before the processes have loaded.
        """
        trial = Trial("local", number, TrialState.RUNNING, candidate, started_at=time.monotonic())
        self.trials.append(trial)
        quick = number == 0 and self._quick(candidate)
        if quick or len(self._places) == 1:
            control = Deadline(None) if quick else Deadline(self._deadline, stop=self._stop)
            self._end(number, _attempt(self._prepared, candidate, bars, control, self._places[0]))
            return
        process = self._idle.pop()
        process.pipe.send((candidate, bars))
        self._busy[number] = process

    def _quick(self, candidate: Candidate) -> bool:
        """Return whether the candidate is sure to end soon; a network takes what time there is."""
        if families.scheduled(candidate.family):
            return False
        return cost.seconds(self._prepared.plan, candidate.family) <= QUICK_SECONDS

    def wait(self) -> None:
        """Return when a running trial has ended or told of an epoch, or was ended.

        That befalls what overstays, and all of them where the search is to stop.
        """
        timeout = None
        if self._deadline is not None:
            timeout = max(0.0, self._deadline + GRACE - time.monotonic())
        ready = wait([self._stop.bell, *(process.pipe for process in self._busy.values())], timeout)
        for number, process in list(self._busy.items()):
            if process.pipe in ready:
                self._collect(number, process)
            elif self._stop.asked:
                self._replace(number, process, TrialState.CANCELLED, None, "the search was stopped")
            elif not ready:
                self._replace(number, process, TrialState.CANCELLED, None, "the time is over")

    def results(self) -> list[Result]:
        """Return every ended trial by number."""
        return [self._results[trial.number] for trial in self.trials]

    def _process(self, place: Place) -> "_Process":
        # Without what this process has encoded meanwhile: the child encodes its own folds.
        return _Process(replace(self._prepared, _cache={}, _fitted={}), self._deadline, place)

    def _warm(self) -> None:
        """Load and fit here what the finish may need of complete trials, while others train."""
        while (candidate := self._complete.get()) is not None:
            families.model(candidate.family)
            for index in self._prepared.fits(candidate):
                if self._leaving:
                    return
                self._prepared.fitted(index, candidate)

    def _collect(self, number: int, process: "_Process") -> None:
        try:
            outcome = process.pipe.recv()
        except (EOFError, OSError):
            message = "the training process died"
            self._replace(number, process, TrialState.FAILED, TrialFailure.WORKER_CRASH, message)
            return
        if isinstance(outcome, CurvePoint):
            self.trials[number] = replace(self.trials[number], epochs=outcome.epoch)
            return
        self._idle.append(self._busy.pop(number))
        self._end(number, outcome)

    def _replace(
        self,
        number: int,
        process: "_Process",
        state: TrialState,
        reason: TrialFailure | None,
        message: str,
    ) -> None:
        process.kill()
        del self._busy[number]
        late = self._deadline is not None and time.monotonic() >= self._deadline
        if not late and not self._stop.asked:
            self._idle.append(self._process(process.place))
        self._end(number, _Outcome(state, None, reason=reason, message=message))

    def _end(self, number: int, outcome: "_Outcome") -> None:
        trial = self.trials[number]
        ended = replace(
            trial,
            state=outcome.state,
            reason=outcome.reason,
            message=outcome.message,
            seconds=outcome.seconds,
            attempts=1,
            rungs=outcome.rungs,
            epochs=trial.epochs if outcome.epochs is None else outcome.epochs,
        )
        if outcome.evaluation is not None:
            self._complete.put(trial.candidate)
            ended = replace(
                ended,
                value=outcome.evaluation.value,
                fold_values=outcome.evaluation.fold_values,
                epochs=outcome.evaluation.epochs,
                parameters=outcome.evaluation.parameters,
            )
        self.trials[number] = ended
        self._results[number] = Result(ended, outcome.evaluation)


@dataclass(frozen=True, slots=True, eq=False)
class _Outcome:
    state: TrialState
    evaluation: Evaluation | None
    rungs: Rungs = ()
    seconds: float | None = None
    epochs: int | None = None
    """Of a pruned trial; a complete one's stand in its evaluation."""
    reason: TrialFailure | None = None
    message: str | None = None


class _Process:
    """A child that evaluates what comes through its pipe."""

    def __init__(self, prepared: Prepared, deadline: float | None, place: Place) -> None:
        self.place = place
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=_serve, args=(theirs, prepared, deadline, place), daemon=True
        )
        # A Ctrl-C is for the parent, which ends its children: what is blocked here stays so there,
        # once the tracker runs, whose start would unblock it.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._process.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _serve(pipe: Connection, prepared: Prepared, deadline: float | None, place: Place) -> None:
    while True:
        try:
            candidate, bars = pipe.recv()
        except EOFError:
            return
        control = Deadline(deadline, tell=pipe.send)
        pipe.send(_attempt(prepared, candidate, bars, control, place))


def _attempt(
    prepared: Prepared, candidate: Candidate, bars: Bars, control: Deadline, place: Place
) -> _Outcome:
    """Return the candidate's outcome: a failed trial is data."""
    started = time.monotonic()
    try:
        evaluation = evaluate(
            prepared,
            candidate,
            control,
            bars=bars,
            device=place.device,
            threads=place.threads,
        )
    except TrialPruned as pruned:
        seconds = time.monotonic() - started
        return _Outcome(
            TrialState.PRUNED, None, rungs=pruned.rungs, seconds=seconds, epochs=control.epochs
        )
    except TrialStopped as stopped:
        return _Outcome(TrialState.CANCELLED, None, message=str(stopped))
    except TrialError as error:
        return _Outcome(TrialState.FAILED, None, reason=error.failure, message=str(error))
    except MemoryError:
        message = "the candidate needs more memory than there is"
        reason = TrialFailure.OUT_OF_MEMORY
        return _Outcome(TrialState.FAILED, None, reason=reason, message=message)
    except Exception as error:  # noqa: BLE001 -- what breaks becomes data, as in a worker
        message = f"Training broke with {type(error).__name__}: {error}"
        return _Outcome(TrialState.FAILED, None, reason=TrialFailure.INTERNAL, message=message)
    seconds = time.monotonic() - started
    return _Outcome(TrialState.COMPLETE, evaluation, rungs=evaluation.rungs, seconds=seconds)


def first_failure(trials: Sequence[Trial]) -> str:
    """Return in a sentence why no trial of these is complete."""
    failed = [trial for trial in trials if trial.state is TrialState.FAILED]
    if not failed:
        return "No trial was complete when the budget ended; give more seconds."
    return f"Every trial failed; the first with {failed[0].reason}: {failed[0].message}"
