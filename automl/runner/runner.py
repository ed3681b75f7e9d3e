"""A worker's three verbs over the store: answer a turn, run an attempt, finish a study."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import numpy.typing as npt
import structlog

from automl.core.catalog import TrialState
from automl.core.errors import (
    ArtifactCorrupt,
    DiskFull,
    LeaseLost,
    NotFound,
    NothingTrained,
    TrialGivesWay,
    TrialPruned,
    TrialStopped,
    Unavailable,
)
from automl.core.fault import fault
from automl.core.ids import new_id
from automl.core.model import Artifact, Model
from automl.core.model import Member as ModelMember
from automl.core.ports import Order, Outcome, Store
from automl.core.state import State
from automl.core.study import Study
from automl.core.trial import Attempt, Candidate, Finish, Trial, Turn
from automl.finish import Entry, finish
from automl.runner.companions import Companions
from automl.runner.control import STATE, AttemptControl, Line, Orders, unwrap
from automl.runner.failures import out_of_memory, search_failure, study_failure, trial_failure
from automl.runner.persist import persist
from automl.runner.studies import Studies
from automl.runner.together import Together
from automl.search.ask import ask
from automl.search.evaluate import Evaluation, evaluate
from automl.search.rungs import Bars, bars
from automl.search.slots import first_failure
from automl.service.cache import Cache
from automl.training import archive

OUT_OF_FOLD = "out_of_fold"

log = structlog.get_logger()


class Runner:
    """Does what a worker claimed.

    Args:
        store: the SQL store.
        cache: local copies of artifacts.
        worker: the worker's id.
        device: where networks train.
        threads: that a fit may use; replay order always takes one, so that results never depend
            on the machine.
        trial_seconds: that a trial may take, 0 for no limit of its own.
        checkpoint_seconds: between two checkpoints of a trial, at least.
        free_since: since when the worker has no other work, monotonic seconds; None: from now on.
    """

    def __init__(
        self,
        store: Store,
        cache: Cache,
        *,
        worker: str,
        device: str = "cpu",
        threads: int = 1,
        trial_seconds: float = 0.0,
        checkpoint_seconds: float = 10.0,
        free_since: float | None = None,
    ) -> None:
        self._store = store
        self._leases = store.leases
        self._studies = Studies(store, cache)
        self._companions = Companions(
            store.leases, self._studies, self._ask, worker=worker, device=device
        )
        self._worker = worker
        self._device = device
        self._threads = threads
        self._trial_seconds = trial_seconds
        self._checkpoint_seconds = checkpoint_seconds
        self._free_since = time.monotonic() if free_since is None else free_since

    def answer(self, turn: Turn) -> Attempt | None:
        """Return the study's next trial, leased; None when it moved on or wants no more."""
        study, history = self._studies.look(turn.tenant, turn.study_id)
        try:
            candidate = self._ask(study, history, turn)
        except Exception as error:
            # A search that cannot go on ends with what it has, and not in an endless loop.
            log.exception("ask.broken", study_id=study.id, trial=turn.number)
            self._leases.exhaust(turn, broke=search_failure(error))
            return None
        if candidate is None:
            self._leases.exhaust(turn)
            return None
        free = time.monotonic() - self._free_since
        return self._leases.begin(self._worker, turn, candidate, free=free)

    def _ask(
        self,
        study: Study,
        history: Sequence[Trial],
        turn: Turn,
        beside: Candidate | None = None,
    ) -> Candidate | None:
        return ask(
            study.plan,
            study.spec,
            history,
            turn.number,
            seconds_left=turn.seconds_left,
            memory=self._studies.memory(study.id),
            beside=beside,
        )

    def run(self, work: Attempt | Finish, line: Line) -> None:
        """Do the work; every outcome, good or bad, is a row when this returns.

        With a trial others of its study may be begun, to train as one program: the line is told of
        each that is taken, and of each that has its outcome.
        """
        begun = time.monotonic()
        with structlog.contextvars.bound_contextvars(worker=self._worker, **_names(work)):
            with self._written_down(work, line, begun):
                if isinstance(work, Attempt):
                    self._attempt(work, line, begun)
                else:
                    self._finish(work)
            self._free_since = time.monotonic()
            log.info("work.done", seconds=round(self._free_since - begun, 3))

    @contextmanager
    def _written_down(self, work: Attempt | Finish, orders: Orders, begun: float) -> Iterator[None]:
        """Make a row of what breaks inside the block."""
        with structlog.contextvars.bound_contextvars(**_names(work)):
            try:
                yield
            except LeaseLost:
                log.info("lease.lost")  # somebody else goes on: nothing here counts
            except Exception as error:  # noqa: BLE001 -- the one place: what breaks becomes data
                self._broken(work, error, time.monotonic() - begun, orders)

    def _attempt(self, attempt: Attempt, line: Line, begun: float) -> None:
        prepared = self._studies.prepared(attempt.tenant, attempt.study_id)
        study, history = self._studies.look(attempt.tenant, attempt.study_id)
        most = self._companions.most(attempt, study, prepared)
        others = self._companions.begin(attempt, most, line)
        if others:
            lanes = 1 + len(others)
            Together(
                [attempt, *others],
                line,
                join=lambda first, held: self._companions.another(first, held, most, line),
                control=lambda each: self._control(each, line, lanes=lanes),
                bars=lambda each: _bars(study, history, each),
                settle=self._settle,
            ).train(prepared, device=self._device, threads=self._threads)
            return
        resume, spent = self._resume(attempt)
        control = self._control(attempt, line, spent=spent, taken=begun)
        try:
            result: Evaluation | TrialPruned = evaluate(
                prepared,
                attempt.candidate,
                control,
                bars=_bars(study, history, attempt),
                resume=resume,
                device=self._device,
                threads=1 if prepared.spec.budget.replay else self._threads,
            )
        except TrialPruned as pruned:
            result = pruned
        self._conclude(attempt, control, result)

    def _control(
        self,
        attempt: Attempt,
        orders: Orders,
        *,
        spent: float = 0.0,
        lanes: int = 1,
        taken: float | None = None,
    ) -> AttemptControl:
        return AttemptControl(
            self._store,
            attempt,
            orders,
            limit=self._trial_seconds,
            spent=spent,
            checkpoint_seconds=self._checkpoint_seconds,
            lanes=lanes,
            taken=taken,
        )

    def _conclude(
        self, attempt: Attempt, control: AttemptControl, result: Evaluation | TrialPruned
    ) -> None:
        """Write down how a trial ended that was trained as far as it should be."""
        persist(control.flush)
        if isinstance(result, TrialPruned):
            persist(lambda: self._leases.prune(attempt, control.seconds, result.rungs))
        else:
            outcome = self._outcome(attempt, result, control.seconds)
            persist(lambda: self._leases.complete(attempt, outcome))

    def _settle(
        self, attempt: Attempt, control: AttemptControl, result: Evaluation | Exception | None
    ) -> None:
        """Write down how a trial ended that was trained with others.

        What has no result, because the program broke, or did not fit into memory beside the others
        is given back: it is tried again alone, as after any first attempt.
        """
        log.info("lane.done", trial=attempt.number, seconds=round(control.seconds, 3))
        with self._written_down(attempt, control.orders, time.monotonic() - control.seconds):
            if isinstance(result, Evaluation | TrialPruned):
                self._conclude(attempt, control, result)
            elif result is None or out_of_memory(result):
                persist(lambda: self._leases.release(attempt))
            else:
                raise result

    def _resume(self, attempt: Attempt) -> tuple[State | None, float]:
        if attempt.checkpoint is None:
            return None, 0.0
        try:
            return unwrap(self._read(attempt.checkpoint))
        except (NotFound, ArtifactCorrupt) as error:
            log.warning("checkpoint.unusable", detail=str(error))
            return None, 0.0

    def _outcome(self, attempt: Attempt, evaluation: Evaluation, seconds: float) -> Outcome:
        predictions = State({}, {OUT_OF_FOLD: evaluation.out_of_fold})
        return Outcome(
            value=evaluation.value,
            fold_values=evaluation.fold_values,
            epochs=evaluation.epochs,
            seconds=seconds,
            parameters=evaluation.parameters,
            out_of_fold=self._write(attempt.tenant, predictions),
            fitted=self._write(attempt.tenant, evaluation.fitted),
            rungs=evaluation.rungs,
        )

    def _finish(self, work: Finish) -> None:
        fault("study.finalizing")
        study, history = self._studies.look(work.tenant, work.study_id)
        entries = self._entries(work.study_id, history)
        if not entries:
            raise NothingTrained(first_failure(history))
        prepared = self._studies.prepared(work.tenant, work.study_id)
        previous = self._previous(study)
        try:
            finished = finish(prepared, entries, previous=previous)
        except ArtifactCorrupt:
            finished = finish(prepared, _readable(entries), previous=previous)
        fault("model.tmp")
        formats = {
            name: self._put(work.tenant, name.media_type, content)
            for name, content in finished.files.items()
        }
        with self._store.unit() as unit:
            now = unit.now()
        model = Model(
            id=new_id("mdl", now),
            tenant=work.tenant,
            study_id=work.study_id,
            dataset_id=study.spec.dataset_id,
            card=finished.card,
            formats=formats,
            created_at=now,
        )
        persist(lambda: self._leases.publish(work, model))

    def _previous(self, study: Study) -> Sequence[ModelMember]:
        """Return the members of the model the study ended with before.

        None in replay order, where a longer study is the same whether it was interrupted or not.
        """
        if study.model_id is None or study.spec.budget.replay:
            return ()
        with self._store.unit() as unit:
            return unit.models.get(study.tenant, study.model_id).card.members

    def _entries(self, study_id: str, history: Sequence[Trial]) -> list[Entry]:
        with self._store.unit() as unit:
            arrays = unit.trials.arrays(study_id)
        return [
            self._entry(trial, *arrays[trial.number])
            for trial in history
            if trial.state is TrialState.COMPLETE and trial.number in arrays
        ]

    def _entry(self, trial: Trial, out_of_fold: str, fitted: str) -> Entry:
        def predictions() -> npt.NDArray[np.float32]:
            return np.asarray(self._read(out_of_fold).arrays[OUT_OF_FOLD], dtype=np.float32)

        return Entry(trial, predictions, lambda: self._read(fitted))

    def _broken(
        self, work: Attempt | Finish, error: Exception, seconds: float, orders: Orders
    ) -> None:
        """Write down what broke; when somebody else holds the work by now, nothing."""
        try:
            away = isinstance(error, Unavailable) and not isinstance(error, DiskFull)
            if isinstance(work, Finish):
                if away:
                    return  # the lease lapses, and the next finish starts anew
                reason, detail = study_failure(error)
                log.warning("study.failed", reason=reason.value)
                persist(lambda: self._leases.give_up(work, reason, detail))
            elif away:
                persist(lambda: self._leases.release(work))  # not the candidate's fault
            elif isinstance(error, TrialGivesWay):
                persist(lambda: self._leases.give_way(work))
            elif isinstance(error, TrialStopped) and orders.order(work) is Order.RELEASE:
                persist(lambda: self._leases.release(work))
            elif isinstance(error, TrialStopped):
                persist(lambda: self._leases.cancel(work, seconds))
            else:
                failure, message = trial_failure(error)
                log.warning("trial.failed", reason=failure.value)
                persist(lambda: self._leases.fail(work, failure, message, seconds))
        except LeaseLost:
            log.info("lease.lost")

    def _read(self, artifact_id: str) -> State:
        return archive.unpack(b"".join(self._store.artifacts.read(artifact_id)))

    def _write(self, tenant: str, state: State) -> str:
        return self._put(tenant, STATE, archive.pack(state)).id

    def _put(self, tenant: str, media_type: str, content: bytes) -> Artifact:
        put = partial(self._store.artifacts.put, tenant, media_type)
        return persist(lambda: put(_chunks(content)), wait_for_room=False)


def _bars(study: Study, history: Sequence[Trial], attempt: Attempt) -> Bars:
    return bars(study.plan, study.spec, history, attempt.number, attempt.candidate.family)


def _readable(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries whose stored bytes are whole: one damaged result must not cost the rest.

    Raises:
        NothingTrained: none is.
    """
    whole = []
    for entry in entries:
        try:
            entry.out_of_fold(), entry.fitted()
            whole.append(entry)
        except (NotFound, ArtifactCorrupt) as error:
            log.warning("result.damaged", of_trial=entry.trial.number, detail=str(error))
    if not whole:
        raise NothingTrained("The stored results of all trials are damaged; start the study anew.")
    return whole


def _chunks(content: bytes, size: int = 1 << 20) -> Iterator[bytes]:
    view = memoryview(content)
    for start in range(0, len(view), size):
        yield bytes(view[start : start + size])


def _names(work: Attempt | Finish) -> dict[str, object]:
    return {
        "study_id": work.study_id,
        "trial": work.number if isinstance(work, Attempt) else "finish",
    }
