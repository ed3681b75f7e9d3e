"""A worker's three verbs over the store: answer a turn, run an attempt, finish a study."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from automl.core.errors import (
    ArtifactCorrupt,
    DiskFull,
    LeaseLost,
    NotFound,
    NothingTrained,
    StudyError,
    TrialGivesWay,
    TrialPruned,
    TrialStopped,
    Unavailable,
)
from automl.core.fault import fault
from automl.core.ids import new_id
from automl.core.leases import Order
from automl.core.model import Model, ModelCard
from automl.core.ports import Store
from automl.core.state import State
from automl.core.study import Study
from automl.core.trial import Attempt, Candidate, Finish, Trial, Turn
from automl.finish import finish
from automl.runner.companions import Companions
from automl.runner.control import AttemptControl, Line, Orders, unwrap
from automl.runner.failures import out_of_memory, search_failure, study_failure, trial_failure
from automl.runner.persist import persist
from automl.runner.stored import Stored, readable
from automl.runner.studies import Studies
from automl.runner.together import Together
from automl.runner.way import Way
from automl.search.ask import ask
from automl.search.evaluate import Evaluation, evaluate
from automl.search.rungs import Bars, bars
from automl.search.slots import first_failure
from automl.service.cache import Cache
from automl.training.strides import Strides

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
        self._stored = Stored(store)
        self._studies = Studies(store, cache)
        self._strides = Strides()
        self._companions = Companions(
            store.leases,
            self._studies,
            self._ask,
            worker=worker,
            device=device,
            strides=self._strides,
        )
        self._worker = worker
        self._device = device
        self._threads = threads
        self._trial_seconds = trial_seconds
        self._checkpoint_seconds = checkpoint_seconds
        self._free_since = time.monotonic() if free_since is None else free_since

    def answer(self, turn: Turn) -> Attempt | None:
        """Return the study's next trial, leased; None when it moved on, is gone or wants no more.

        Raises:
            Unavailable: the store is away.
        """
        try:
            study, history = self._studies.look(turn.tenant, turn.study_id)
            candidate = self._ask(study, history, turn)
        except NotFound:
            return None  # it was removed since
        except Unavailable:
            raise
        except Exception as error:
            # A search that cannot go on ends with what it has, and not in an endless loop: nor can
            # one go on here whose rows do not tell what this version knows.
            log.exception("ask.broken", study_id=turn.study_id, trial=turn.number)
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
            since=_since(study, history),
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
            self._studies.lighten(work.study_id)
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
        way = Way(self._leases, pause=self._checkpoint_seconds, taken=begun)
        if others:
            lanes = 1 + len(others)
            Together(
                [attempt, *others],
                line,
                join=lambda first, held: self._companions.another(first, held, most, line),
                control=lambda each: self._control(each, line, way, lanes=lanes),
                bars=lambda each: _bars(study, history, each),
                settle=self._settle,
                strides=self._strides,
                way=way,
            ).train(prepared, device=self._device, threads=self._threads)
            return
        control, resume = self._control(attempt, line, way)
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
        way: Way,
        *,
        lanes: int = 1,
    ) -> tuple[AttemptControl, State | None]:
        """Return an attempt's control, and the checkpoint that it goes on from."""
        resume, spent = persist(lambda: self._resume(attempt))
        control = AttemptControl(
            self._store,
            attempt,
            orders,
            limit=self._trial_seconds,
            spent=spent,
            checkpoint_seconds=self._checkpoint_seconds,
            way=way,
            lanes=lanes,
        )
        return control, resume

    def _conclude(
        self, attempt: Attempt, control: AttemptControl, result: Evaluation | TrialPruned
    ) -> None:
        """Write down how a trial ended that was trained as far as it should be."""
        persist(control.flush)
        if isinstance(result, TrialPruned):
            persist(lambda: self._leases.prune(attempt, control.seconds, result.rungs))
        else:
            outcome = self._stored.outcome(attempt, result, control.seconds)
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
            return unwrap(self._stored.read(attempt.checkpoint))
        except (NotFound, ArtifactCorrupt) as error:
            log.warning("checkpoint.unusable", detail=str(error))
            return None, 0.0

    def _finish(self, work: Finish) -> None:
        fault("study.finalizing")
        study, history = self._studies.look(work.tenant, work.study_id)
        entries = self._stored.entries(work.study_id, history)
        if not entries:
            raise NothingTrained(first_failure(history))
        prepared = self._studies.prepared(work.tenant, work.study_id)
        previous = self._previous(study)
        try:
            finished = finish(prepared, entries, previous=previous)
        except ArtifactCorrupt:
            finished = finish(prepared, readable(entries), previous=previous)
        fault("model.tmp")
        formats = {
            name: self._stored.put(work.tenant, name.media_type, content)
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

    def _previous(self, study: Study) -> ModelCard | None:
        """Return the card of the model the study ended with before.

        None in replay order, where a longer study is the same whether it was interrupted or not.
        """
        if study.model_id is None or study.spec.budget.replay:
            return None
        with self._store.unit() as unit:
            return unit.models.get(study.tenant, study.model_id).card

    def _broken(
        self, work: Attempt | Finish, error: Exception, seconds: float, orders: Orders
    ) -> None:
        """Write down what broke; when somebody else holds the work by now, nothing."""
        try:
            away = isinstance(error, Unavailable) and not isinstance(error, DiskFull)
            if away and isinstance(work, Finish):
                return  # the lease lapses, and the next finish starts anew
            if isinstance(work, Finish) or isinstance(error, StudyError):
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


def _bars(study: Study, history: Sequence[Trial], attempt: Attempt) -> Bars:
    return bars(study.plan, study.spec, history, attempt.number, attempt.candidate.family)


def _since(study: Study, history: Sequence[Trial]) -> int:
    """Return the number of the first trial since the study was last queued: anew, or resumed."""
    begun = (trial.number for trial in history if (trial.started_at or 0.0) >= study.queued_at)
    return next(begun, len(history))


def _names(work: Attempt | Finish) -> dict[str, object]:
    return {
        "study_id": work.study_id,
        "trial": work.number if isinstance(work, Attempt) else "finish",
    }
