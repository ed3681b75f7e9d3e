"""The whole of AutoML on one screen: plan, then ask → evaluate until the budget ends, then finish.

``automl fit`` runs this; the workers run the same verbs with a commit between each.
No SQL, no queue, no web.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from automl.core.catalog import TrialState
from automl.core.errors import NothingTrained
from automl.core.schema import Dataset
from automl.core.study import Plan, StudySpec, finish_reserve
from automl.core.trial import Trial
from automl.finish import Entry, Finished, finish
from automl.machine import CPU
from automl.search.ask import ask
from automl.search.control import Stop
from automl.search.memory import Memory
from automl.search.places import places
from automl.search.plan import make_plan
from automl.search.prepare import Prepared, prepare
from automl.search.rungs import bars
from automl.search.slots import Result, Slots, first_failure

__all__ = ["Entry", "Finished", "Fit", "ask", "finish", "fit", "prepare", "search"]

Watch = Callable[[Plan, Sequence[Trial]], None]
"""Is told of the plan and all trials so far, whenever one of them changes."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A whole study's result."""

    plan: Plan
    trials: Sequence[Trial]
    finished: Finished


def fit(
    spec: StudySpec,
    dataset: Dataset,
    table: Path,
    *,
    test: tuple[Dataset, Path] | None = None,
    slots: int = 1,
    devices: Sequence[str] = (CPU,),
    watch: Watch = lambda _plan, _trials: None,
    stop: Stop | None = None,
) -> Fit:
    """Return the trials and the model of a study run right here.

    Args:
        spec: what is asked for.
        dataset: the data's description.
        table: its canonical table (Parquet).
        test: a test set with its table, where one is given.
        slots: candidates trained at once, each in a process of its own when more than one.
        devices: where networks train; the slots have them in turn.
        watch: is told of the plan and all trials so far whenever one of them changes.
        stop: where given, may end the search early; the model is made of what it has then.

    Raises:
        InvalidSpec: the spec does not fit the data.
        NothingTrained: no trial was complete when the budget ended.
        ExportFailed: no member gave equal outputs as a file.
    """
    started = time.monotonic()
    plan = make_plan(spec, dataset, table, test)
    prepared = prepare(plan, spec, dataset, table, test)
    ends = deadline(spec.budget.seconds, plan, started=started)
    results = search(prepared, slots=slots, devices=devices, deadline=ends, watch=watch, stop=stop)
    trials = [result.trial for result in results]
    entries = [entry(result) for result in results if result.trial.state is TrialState.COMPLETE]
    if not entries:
        raise NothingTrained(first_failure(trials))
    return Fit(plan, trials, finish(prepared, entries))


def search(
    prepared: Prepared,
    *,
    slots: int,
    devices: Sequence[str] = (CPU,),
    deadline: float | None,
    watch: Watch,
    stop: Stop | None = None,
) -> list[Result]:
    """Ask for candidates and evaluate them until the budget ends; return the results by number."""
    plan, spec = prepared.plan, prepared.spec
    asking, memory = True, Memory()
    with Slots(places(slots, devices), prepared, deadline=deadline, stop=stop) as running:
        while True:
            while asking and running.ready(spec):
                number = len(running.trials)
                if number == spec.budget.trials:
                    asking = False
                    break
                left = running.seconds_left()
                candidate = ask(
                    plan, spec, running.trials, number, seconds_left=left, memory=memory
                )
                if candidate is None:
                    asking = False
                    break
                rungs = bars(plan, spec, running.trials, number, candidate.family)
                running.start(number, candidate, rungs)
                watch(plan, running.trials)
            if not running.busy:
                return running.results()
            running.wait()
            watch(plan, running.trials)


def deadline(seconds: float | None, plan: Plan, *, started: float) -> float | None:
    """Return when, on the monotonic clock, a search must make room for the finish."""
    return None if seconds is None else started + seconds - finish_reserve(seconds, plan.outputs)


def entry(result: Result) -> Entry:
    """Return a complete trial as what the finish takes."""
    evaluation = result.evaluation
    if evaluation is None:
        raise TypeError(f"trial {result.trial.number} has no evaluation")
    return Entry(result.trial, lambda: evaluation.out_of_fold, lambda: evaluation.fitted)
