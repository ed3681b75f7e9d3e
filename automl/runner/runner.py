"""A worker's three verbs over the store: answer a turn, run an attempt, finish a study."""

import errno
import time
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import structlog

from automl.core.catalog import StudyFailure, TrialFailure, TrialState
from automl.core.errors import (
    ArtifactCorrupt,
    DiskFull,
    ExportFailed,
    LeaseLost,
    NotFound,
    NothingTrained,
    TrialError,
    TrialPruned,
    TrialStopped,
    Unavailable,
)
from automl.core.fault import fault
from automl.core.ids import new_id
from automl.core.model import Artifact, Member, Model
from automl.core.ports import Order, Outcome, Store
from automl.core.state import State
from automl.core.study import Study
from automl.core.trial import Attempt, Candidate, Finish, Trial, Turn
from automl.finish import Entry, finish
from automl.runner.control import STATE, AttemptControl, Orders, unwrap
from automl.runner.persist import persist
from automl.runner.studies import Studies
from automl.search.ask import ask
from automl.search.evaluate import Evaluation, evaluate
from automl.search.rungs import bars
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
    ) -> None:
        self._store = store
        self._leases = store.leases
        self._studies = Studies(store, cache)
        self._worker = worker
        self._device = device
        self._threads = threads
        self._trial_seconds = trial_seconds
        self._checkpoint_seconds = checkpoint_seconds

    def answer(self, turn: Turn) -> Attempt | None:
        """Return the study's next trial, leased; None when it moved on or wants no more."""
        study, history = self._studies.look(turn.tenant, turn.study_id)
        candidate = self._ask(study, history, turn)
        if candidate is None:
            self._leases.exhaust(turn)
            return None
        return self._leases.begin(self._worker, turn, candidate)

    def _ask(self, study: Study, history: Sequence[Trial], turn: Turn) -> Candidate | None:
        left = turn.seconds_left
        try:
            memory = self._studies.memory(study.id)
            plan, spec = study.plan, study.spec
            return ask(plan, spec, history, turn.number, seconds_left=left, memory=memory)
        except Exception:
            # A search that cannot go on ends with what it has, and not in an endless loop.
            log.exception("ask.broken", study_id=study.id, trial=turn.number)
            return None

    def run(self, work: Attempt | Finish, orders: Orders) -> None:
        """Do the work; every outcome, good or bad, is a row when this returns."""
        begun = time.monotonic()
        with structlog.contextvars.bound_contextvars(worker=self._worker, **_names(work)):
            try:
                if isinstance(work, Attempt):
                    self._attempt(work, orders)
                else:
                    self._finish(work)
            except LeaseLost:
                log.info("lease.lost")  # somebody else goes on: nothing here counts
            except Exception as error:  # noqa: BLE001 -- the one place: what breaks becomes data
                self._broken(work, error, time.monotonic() - begun, orders)
            log.info("work.done", seconds=round(time.monotonic() - begun, 3))

    def _attempt(self, attempt: Attempt, orders: Orders) -> None:
        prepared = self._studies.prepared(attempt.tenant, attempt.study_id)
        study, history = self._studies.look(attempt.tenant, attempt.study_id)
        resume, spent = self._resume(attempt)
        control = AttemptControl(
            self._store,
            attempt,
            orders,
            limit=self._trial_seconds,
            spent=spent,
            checkpoint_seconds=self._checkpoint_seconds,
        )
        try:
            evaluation = evaluate(
                prepared,
                attempt.candidate,
                control,
                bars=bars(
                    study.plan, study.spec, history, attempt.number, attempt.candidate.family
                ),
                resume=resume,
                device=self._device,
                threads=1 if prepared.spec.budget.replay else self._threads,
            )
        except TrialPruned as pruned:
            persist(control.flush)
            rungs = pruned.rungs
            persist(lambda: self._leases.prune(attempt, control.seconds, rungs))
            return
        persist(control.flush)
        outcome = self._outcome(attempt, evaluation, control.seconds)
        persist(lambda: self._leases.complete(attempt, outcome))

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

    def _previous(self, study: Study) -> Sequence[Member]:
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
                reason, detail = _study_failure(error)
                log.warning("study.failed", reason=reason.value)
                persist(lambda: self._leases.give_up(work, reason, detail))
            elif away:
                persist(lambda: self._leases.release(work))  # not the candidate's fault
            elif isinstance(error, TrialStopped) and orders.order() is Order.RELEASE:
                persist(lambda: self._leases.release(work))
            elif isinstance(error, TrialStopped):
                persist(lambda: self._leases.cancel(work, seconds))
            else:
                failure, message = _trial_failure(error)
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


def _trial_failure(error: Exception) -> tuple[TrialFailure, str]:
    """Return the reason on the row; no text of a foreign exception, it may name server paths."""
    if isinstance(error, TrialError):
        return error.failure, str(error)
    # torch's error for a full device is no MemoryError, and torch need not be loaded to know it.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return TrialFailure.OUT_OF_MEMORY, "Training needs more memory than the worker has."
    if _full(error):
        return TrialFailure.DISK_FULL, "The disk is full; the result could not be stored."
    log.error("trial.broken", exc_info=error)
    name = type(error).__name__
    return TrialFailure.INTERNAL, f"Training broke with {name}; the worker's log has the traceback."


def _study_failure(error: Exception) -> tuple[StudyFailure, str]:
    if isinstance(error, NothingTrained):
        return StudyFailure.NO_TRIAL_COMPLETED, str(error)
    if isinstance(error, ExportFailed):
        return StudyFailure.EXPORT_FAILED, str(error)
    if _full(error):
        detail = "The disk is full; the model could not be stored. Make room and resume the study."
        return StudyFailure.DISK_FULL, detail
    log.error("study.broken", exc_info=error)
    name = type(error).__name__
    return (
        StudyFailure.INTERNAL,
        f"The finish broke with {name}; the worker's log has the traceback.",
    )


def _full(error: Exception) -> bool:
    no_room = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return no_room or isinstance(error, DiskFull)


def _chunks(content: bytes, size: int = 1 << 20) -> Iterator[bytes]:
    view = memoryview(content)
    for start in range(0, len(view), size):
        yield bytes(view[start : start + size])


def _names(work: Attempt | Finish) -> dict[str, object]:
    return {
        "study_id": work.study_id,
        "trial": work.number if isinstance(work, Attempt) else "finish",
    }
