"""Who works on what, in SQL: every method is one or a few small transactions of its own."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice

from sqlalchemy import delete, select, update

from automl.core.catalog import StudyFailure, TrialFailure, TrialState
from automl.core.errors import LeaseLost
from automl.core.fault import fault
from automl.core.leases import Order, Outcome, Worker
from automl.core.model import Model
from automl.core.quota import UNBOUNDED, Quotas
from automl.core.trial import Attempt, Candidate, CurvePoint, Finish, Rungs, Turn
from automl.store import (
    beat,
    begin,
    claim,
    curves,
    ends,
    finishes,
    links,
    quota,
    reap,
    share,
    sweep,
    way,
)
from automl.store.database import Database, Transaction
from automl.store.ledger import Ledger
from automl.store.settle import exhaust, settle
from automl.store.settle import fail as fail_study
from automl.store.sight import Sight
from automl.store.spread import Spread
from automl.store.tables import trials, workers


class SqlLeases:  # noqa: PLR0904 -- the port's verbs, one method each
    """Claims, fencing tokens, heartbeats and the ends of trials."""

    def __init__(
        self,
        database: Database,
        *,
        lease_seconds: float,
        max_attempts: int,
        quotas: Quotas = UNBOUNDED,
    ) -> None:
        self._database = database
        self._lease_seconds = lease_seconds
        self._max_attempts = max_attempts
        self._quotas = quotas
        self._ranking = claim.ranking(quotas.trials)
        self._spread = Spread()
        self._sight = Sight(lease_seconds)

    def waits(self) -> bool:
        """Return whether there may soon be work to claim: a look that leases and changes nothing.

        Work whose worker has fallen silent counts before its lease lapses: a child that starts now
        is warm by then.
        """
        with self._database.look() as reader:
            if reader.execute(self._ranking, {"wanted": 1}).first() is not None:
                return True
            return bool(reader.execute(select(reap.lapsing(self._lease_seconds))).scalar_one())

    def claim(self, worker: str) -> Attempt | Finish | Turn | None:
        """Return the next piece of work: finishes first, then waiting trials, then a turn to ask.

        Fair between tenants; inside a tenant by priority, then fewest running trials, then whose
        turn was longest ago. An attempt or finish is already leased; a turn is not. Among many
        workers at once each may take one of the next instead, see `Spread`.
        """
        with self._database.look() as reader:
            wanted = max(claim.CANDIDATES, self._spread.width(worker))
            candidates = reader.execute(self._ranking, {"wanted": wanted}).mappings().all()
        for row in self._spread.order(worker, candidates):
            if not row["leases"]:
                return claim.turn(row)
            with self._locked(row["id"]) as ledger:
                work = None
                if ledger is not None:
                    settle(ledger)
                    work = claim.take(ledger, worker, self._lease_seconds, self._quotas)
            if work is not None:
                if not isinstance(work, Turn):
                    fault("trial.claimed")
                return work
        return None

    def begin(
        self, worker: str, turn: Turn, candidate: Candidate, *, free: float = 0.0
    ) -> Attempt | None:
        """Commit the answer of a turn as a leased trial; None when the study moved on meanwhile."""
        fault("ask.done")
        with self._locked(turn.study_id, lasting=not self._database.local) as ledger:
            if ledger is None:
                return None
            settle(ledger)
            if not quota.may_run(ledger.tx, self._quotas, turn.tenant):
                return None
            attempt = begin.begin(
                ledger, worker, turn, candidate, free=free, lease_seconds=self._lease_seconds
            )
        if attempt is None:
            self._spread.late(worker)
        else:
            self._spread.begun(worker)
            fault("trial.claimed")
        return attempt

    def exhaust(self, turn: Turn, *, broke: str = "") -> None:
        """Note that nothing more is worth starting: the study finishes when its trials have."""
        with self._locked(turn.study_id) as ledger:
            if ledger is not None and ledger.study.version == turn.version:
                exhaust(ledger, broke)

    def another(self, attempt: Attempt, held: int, most: int) -> Turn | None:
        """Return the turn of a trial that may train beside ``attempt``, in the same worker.

        None when that would be more than the worker's fair share (see `share.py`), or the study
        wants no more.
        """
        with self._database.look() as reader:
            standing = share.look(reader, attempt, self._lease_seconds)
        if standing is None or not share.fair(standing, held, most, self._quotas.trials):
            return None
        return claim.turn(standing)

    def rejoin(
        self, worker: str, attempt: Attempt, numbers: Sequence[int], most: int
    ) -> Sequence[Attempt]:
        """Lease trials that gave way, to go on beside ``attempt``, of the same study."""
        found: list[Attempt] = []
        with self._locked(attempt.study_id) as ledger:
            if ledger is not None:
                settle(ledger)
                back = claim.back(ledger, worker, numbers, self._lease_seconds, self._quotas)
                found += islice(back, most)
        return found

    def in_the_way(self, attempt: Attempt, held: int = 1) -> bool:
        """Return whether a study without a worker would come next if ``held`` were given back.

        Nobody is asked to give way to what an idle worker is about to take.
        """
        with self._database.look() as reader:
            if not way.needed(reader, attempt.study_id, self._lease_seconds):
                return False
        with self._database.write(lasting=False) as tx:
            return way.blocked(tx, attempt.study_id, held, self._lease_seconds, self._ranking)

    def beat(self, worker: Worker, holds: Sequence[Attempt | Finish]) -> Sequence[Order]:
        """Renew the worker's row and its leases, and return what to do with each that it holds.

        Each lease but the first in a transaction of its own: two that lock several trials of a
        study, each in its order, would wait for each other. A study whose time is over is settled
        after them, for its lock comes before its trials'.
        """
        with self._database.write(lasting=False) as tx:
            moment = beat.renew_worker(tx, worker)
            answers = [self._renewed(tx, hold) for hold in holds[:1]]
        self._sight.note(moment)
        for hold in holds[1:]:
            with self._database.write(lasting=False) as tx:
                answers.append(self._renewed(tx, hold))
        late = {hold.study_id for hold, (_, over) in zip(holds, answers, strict=True) if over}
        ended = {study_id for study_id in late if self._try(study_id, settle)}
        return [
            Order.STOP if hold.study_id in ended else order
            for hold, (order, _) in zip(holds, answers, strict=True)
        ]

    def leave(self, worker: str) -> None:
        """Remove a worker's row at its orderly end."""
        with self._database.write() as tx:
            tx.writer.execute(delete(workers).where(workers.c.id == worker))

    def present(self, prefix: str) -> Sequence[str]:
        """Return the ids beginning so of workers that were heard of and did not leave."""
        query = select(workers.c.id).where(workers.c.id.startswith(prefix, autoescape=True))
        with self._database.look() as reader:
            return reader.execute(query.order_by(workers.c.id)).scalars().all()

    def bury(self, workers: Collection[str]) -> None:
        """End the leases of workers that are known to be dead; `reap` gives away what they held."""
        with self._database.write() as tx:
            reap.bury(tx, workers)

    def record(self, attempt: Attempt, points: Sequence[CurvePoint]) -> None:
        """Add curve points, and an epoch event of the latest.

        Raises:
            LeaseLost: the token is old; nothing was written. So it is for all that follow.
        """
        if points:
            with self._held(attempt, lasting=not self._database.local) as ledger:
                curves.record(ledger, attempt, points)

    def checkpoint(self, attempt: Attempt, artifact_id: str) -> None:
        """Make this the checkpoint that a later attempt goes on from."""
        with self._held(attempt) as ledger:
            row = ends.hold(ledger, attempt)
            links.hold(ledger.tx, artifact_id, eager=True)
            ledger.tx.writer.execute(
                update(trials)
                .where(
                    trials.c.study_id == attempt.study_id,
                    trials.c.number == attempt.number,
                    trials.c.token == attempt.token,
                    trials.c.state == TrialState.RUNNING.value,
                )
                .values(checkpoint=artifact_id, checkpointed=True)
            )
            if row["checkpoint"] != artifact_id:
                links.let_go(ledger.tx, row["checkpoint"])

    def complete(self, attempt: Attempt, outcome: Outcome) -> None:
        """End a trial with its value and its arrays."""
        with self._held(attempt) as ledger:
            ends.complete(ledger, attempt, outcome)
            settle(ledger)
            ledger.save()
            fault("result.before_commit")
        fault("result.after_commit")

    def prune(self, attempt: Attempt, seconds: float, rungs: Rungs = ()) -> None:
        """End a trial early: others were better at the same rung."""
        self._end(
            attempt,
            lambda ledger: ends.end(
                ledger,
                ends.hold(ledger, attempt),
                TrialState.PRUNED,
                seconds,
                rungs=list(rungs),
            ),
        )

    def fail(self, attempt: Attempt, reason: TrialFailure, message: str, seconds: float) -> None:
        """End a trial that cannot be trained."""
        self._end(
            attempt,
            lambda ledger: ends.fail(ledger, ends.hold(ledger, attempt), reason, message, seconds),
        )

    def cancel(self, attempt: Attempt, seconds: float) -> None:
        """End a trial that the search's end cut off."""
        self._end(
            attempt,
            lambda ledger: ends.end(
                ledger, ends.hold(ledger, attempt), TrialState.CANCELLED, seconds
            ),
        )

    def release(self, attempt: Attempt) -> None:
        """Give the trial back unharmed: pause, hand-back. Not counted against it."""
        self._end(attempt, lambda ledger: ends.release(ledger, ends.hold(ledger, attempt)))

    def give_way(self, attempt: Attempt) -> None:
        """Let the trial wait at its last checkpoint while others have their turn. Not counted."""
        self._end(attempt, lambda ledger: ends.give_way(ledger, ends.hold(ledger, attempt)))

    def crashed(self, work: Attempt | Finish | Turn) -> None:
        """Note that the training child died under a living parent: counted against its work."""
        most = self._max_attempts
        if isinstance(work, Turn):
            with self._locked(work.study_id) as ledger:
                if ledger is not None:
                    begin.crash(ledger, work, most)
        elif isinstance(work, Finish):
            with self._held(work) as ledger:
                finishes.crash(ledger, work, most)
        else:
            self._end(work, lambda ledger: ends.crash(ledger, ends.hold(ledger, work), most))

    def publish(self, finish: Finish, model: Model) -> None:
        """Store the model and end the study with it."""
        with self._held(finish) as ledger:
            finishes.publish(ledger, finish, model)

    def give_up(self, hold: Attempt | Finish, reason: StudyFailure, detail: str) -> None:
        """End the study without a new model: it cannot be finished, or none of its trials run."""
        with self._held(hold) as ledger:
            if isinstance(hold, Finish):
                finishes.check(ledger, hold)
            else:
                ends.hold(ledger, hold)
            fail_study(ledger, reason, detail)

    def reap(self) -> int:
        """Release what dead workers held, finish what is due, fail studies without workers.

        Anyone may call this at any time; returns how many rows changed. Who has just found that the
        store was away, or was stopped itself, leaves leases their time to be renewed, see `Sight`.
        """
        with self._database.transaction() as tx:
            busy, moment = reap.look(tx, self._lease_seconds)
            self._sight.note(moment)
            if not busy or not reap.alone(tx):
                return 0
            astray = reap.astray(tx, self._lease_seconds)
            changed = reap.forget(tx, self._lease_seconds)
            live = reap.live_workers(tx, self._lease_seconds)
            until = moment if self._sight.may_judge() else reap.BURIED
            lapsed, finishing = reap.lapsed_trials(tx, until), reap.lapsed_finishes(tx, until)
            due = reap.due(tx, live)
            deserted = not live and reap.unfinished(tx) and reap.watched(tx)
            starved = reap.starved(tx) if deserted else []
        if astray:
            changed += self._set_right()
        for study_id, number in lapsed:
            changed += self._try(study_id, partial(reap.retry_lapsed, number=number))
        for study_id in finishing:
            changed += self._try(study_id, reap.lose_finish)
        for study_id in due:
            changed += self._try(study_id, settle)
        for study_id in starved:
            changed += self._try(study_id, reap.starve)
        return changed + sweep.sweep(self._database)

    def _set_right(self) -> int:
        changed = 0
        for statement in reap.SET_RIGHT:
            with self._database.write() as tx:
                lease = {"lease_seconds": self._lease_seconds}
                changed += tx.writer.execute(statement, lease).rowcount
        return changed

    def _renewed(self, tx: Transaction, hold: Attempt | Finish) -> tuple[Order, bool]:
        """Return the order for a holder, and whether the search's time is over."""
        if not beat.renew_lease(tx, hold, self._lease_seconds):
            return Order.STOP, False
        return beat.order(tx, hold)

    def _try(self, study_id: str, act: Callable[[Ledger], bool]) -> int:
        with self._locked(study_id) as ledger:
            return int(ledger is not None and act(ledger))

    def _end(self, attempt: Attempt, act: Callable[[Ledger], None]) -> None:
        with self._held(attempt) as ledger:
            act(ledger)
            settle(ledger)

    @contextmanager
    def _held(self, hold: Attempt | Finish, *, lasting: bool = True) -> Iterator[Ledger]:
        with self._locked(hold.study_id, lasting=lasting) as ledger:
            if ledger is None:
                raise LeaseLost
            yield ledger

    @contextmanager
    def _locked(self, study_id: str, *, lasting: bool = True) -> Iterator[Ledger | None]:
        with self._database.write(lasting=lasting) as tx:
            ledger = Ledger.lock(tx, study_id)
            yield ledger
            if ledger is not None:
                ledger.save()
