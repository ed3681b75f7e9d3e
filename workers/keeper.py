"""A worker's keeper: keeps the lease alive, passes orders on, ends and replaces its child.

All of it happens in one thread, at its own pace, whether or not the child holds the interpreter
lock, and whether or not there is a broker: bells only make it look sooner. Other workers of the
process have threads of their own.
"""

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TypeAlias, TypeVar

import structlog

from automl.core import neighbours
from automl.core.catalog import TrialFailure
from automl.core.errors import LeaseLost, SchemaMissing, Unavailable
from automl.core.leases import Leases, Order, Worker
from automl.core.trial import Attempt, Finish, Turn
from workers.line import Key, Work, key
from workers.slot import Held, Slot, signal_name

GRACE_SECONDS = 3.0
"""A child that has not stopped so long after being told is killed: some fits cannot be asked."""

OVERSTAY_SECONDS = 10.0
"""A child ends a trial over its time limit by itself; after so many more seconds it is killed."""

ASK_SECONDS = 120.0
"""A child that has not answered a turn after so long hangs, and is killed: it takes milliseconds,
and some seconds on a machine with many times its cores' load beside."""

LOOK_SECONDS = 0.25
SWEEP_SECONDS = 0.8
"""Between two looks for lapsed leases and unclaimed work; jittered, for many workers do it."""

TOGETHER = 8
"""More workers than so many share their looks, up to a pause of `LONGEST_SWEEP_SECONDS`: any of
them finds what any other left behind, and a thousand need not all look all the time."""

LONGEST_SWEEP_SECONDS = 4.0

STORE_AWAY_SECONDS = 1.0
EARLY_DEATH_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 30.0

Answer = TypeVar("Answer")
Why: TypeAlias = TrialFailure | Order
"""Why a child was killed: what its trial took too much of, or the order that it overstayed."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a trial may take; 0: no limit of its own."""

    seconds: float = 0.0
    bytes: int = 0


class Keeper:
    """The loop of a worker: one slot, one id, one heartbeat.

    Args:
        leases: the store's leases.
        slot: the place of the child.
        worker: the worker's id.
        device: the slot's device.
        heartbeat: seconds between two heartbeats.
        limits: what a trial may take.
    """

    def __init__(
        self,
        leases: Leases,
        slot: Slot,
        *,
        worker: str,
        device: str,
        heartbeat: float,
        limits: Limits = Limits(),
    ) -> None:
        self._leases = leases
        self._slot = slot
        self._worker = worker
        self._device = device
        self._heartbeat = heartbeat
        self._limits = limits
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._rope, False)
        self._leaving = False
        self._beat_at = self._sweep_at = self._start_at = 0.0
        self._early_deaths = 0
        self._away = ""  # what was logged of it
        self._killed: Mapping[Key, Why] | None = None

    @property
    def idle(self) -> bool:
        """Whether it holds no work. From any thread."""
        return not self._slot.held

    def wake(self) -> None:
        """Look for work and orders now, and have a warm child. From any thread."""
        self._pull(b"!")

    def leave(self) -> None:
        """Give back what is held and end the loop. From any thread or a signal handler."""
        self._leaving = True
        self._pull(b".")

    def run(self) -> None:
        """Keep the slot until told to leave."""
        while not self._leaving:
            now = time.monotonic()
            if now >= self._beat_at:
                self._beat_at = now + (self._heartbeat if self._beat() else STORE_AWAY_SECONDS)
            if now >= self._sweep_at and not self._away:
                # A store that is away is asked by the heartbeat alone: once it is back, that must
                # not come late.
                crowd = self._sweep()
                self._sweep_at = now + between_sweeps(crowd) * random.uniform(0.7, 1.3)
            self._enforce()
            self._listen(LOOK_SECONDS)
        self._end()

    def _listen(self, seconds: float) -> None:
        """Wait for a bell, the child's word or its end, and take it in."""
        line = self._slot.line
        sources: list[Connection | int] = [self._bell] if line is None else [self._bell, line]
        ready = wait(sources, seconds)
        if self._bell in ready and b"!" in os.read(self._bell, 4096):
            self._beat_at = 0.0
            if self._slot.busy:
                self._slot.ring()
            else:
                self._start()
        if line is not None and line in ready and not self._slot.listen():
            self._bury()

    def _beat(self) -> bool:
        """Renew the leases and pass the answers on; False when the store is away."""
        held = self._slot.held
        leased = [(each, each.work) for each in held if not isinstance(each.work, Turn)]
        first = held[0].work if held else None
        worker = Worker(
            id=self._worker,
            device=self._device,
            state="busy" if held else "idle",
            last_heartbeat_at=0.0,  # on the database's clock
            tenant=first.tenant if first else None,
            study_id=first.study_id if first else None,
            trial=first.number if isinstance(first, Attempt) else None,
        )
        orders = self._ask(lambda: self._leases.beat(worker, [work for _, work in leased]))
        for (each, _), order in zip(leased, orders or (), strict=orders is not None):
            if order is not Order.GO_ON:
                self._slot.tell(each, order)
        return orders is not None

    def _sweep(self) -> int:
        """Reap what dead workers held, and start a child when work waits and no bell came.

        Returns how many workers there are, as far as one knows.
        """
        everyone = self._ask(lambda: self._leases.present("")) or ()
        here = neighbours.prefix()
        dead = neighbours.dead(name for name in everyone if name.startswith(here))
        if dead:
            log.warning("neighbours.dead", workers=dead)
            self._ask(lambda: self._leases.bury(dead))
        reaped = self._ask(self._leases.reap) is not None
        if reaped and not self._slot.busy and self._ask(self._leases.waits):
            self._start()
        return len(everyone)

    def _start(self) -> None:
        """Start a child if there is none. It claims once it is warm: till then others may."""
        if self._slot.busy or time.monotonic() < self._start_at:
            return
        try:
            self._slot.start()
        except (OSError, RuntimeError) as error:  # no descriptor, thread or process to be had
            self._pause(f"no child could be started: {error}")

    def _enforce(self) -> None:
        """Kill a child that overstays an order or takes more than a trial may, or never comes."""
        slot, now = self._slot, time.monotonic()
        if slot.overdue:
            log.warning("child.overdue", worker=self._worker)
            slot.kill()
        if not slot.held or self._killed is not None:
            return
        late = [each for each in slot.held if now - (each.told_at or now) >= GRACE_SECONDS]
        asking = isinstance(slot.held[0].work, Turn)  # it is no trial yet, and has no limit of one
        if not asking and 0 < self._limits.bytes < slot.memory():
            self._kill(TrialFailure.OUT_OF_MEMORY, slot.held)
        elif any(self._overstays(each.work, now - each.since) for each in slot.held):
            self._kill(TrialFailure.TIME_LIMIT, slot.held)
        elif late:
            self._kill(late[0].order, late)

    def _overstays(self, work: Work, held: float) -> bool:
        """Return whether a child is at this for so many seconds that it must hang.

        A finish takes what it takes: it is no trial, and would only be begun again.
        """
        if isinstance(work, Turn):
            return held > ASK_SECONDS
        return isinstance(work, Attempt) and 0 < self._limits.seconds < held - OVERSTAY_SECONDS

    def _kill(self, why: Why, held: Sequence[Held]) -> None:
        """Kill the child for what it held.

        Which of several took too much is not known: they are given back, and each is tried again
        alone, where the limit is its own.
        """
        log.warning("child.killed", why=why.value, **_names(held))
        unknown = isinstance(why, TrialFailure) and len(held) > 1
        self._killed = {} if unknown else {key(each.work): why for each in held}
        self._slot.kill()

    def _bury(self) -> None:
        """Look at how the child ended and give its work the outcomes that follow."""
        slot, now = self._slot, time.monotonic()
        held, lived = slot.held, now - slot.started_at
        status = slot.collect()
        killed, self._killed = self._killed, None
        if killed is None and slot.lost:
            killed = {}  # nothing that it held did that: all is given back
        if not held:
            self._pause_after(status, lived)
            self._sweep_at = 0.0  # a bell may have reached it when it had made up its mind to go
            return
        log.warning("child.ended", status=signal_name(status), **_names(held))
        for each in held:
            self._settle(each.work, now - each.since, killed)
        self._sweep_at = 0.0  # the trials may go on right here

    def _settle(self, work: Work, held: float, killed: Mapping[Key, Why] | None) -> None:
        """Give what a child was at that has ended its outcome: only a death of its own counts."""
        why = (killed or {}).get(key(work))
        if isinstance(work, Turn) and killed == {}:
            return  # nobody holds it
        if isinstance(work, Finish) and killed == {}:
            self._ask(lambda: self._leases.bury([self._worker]))  # it has no other lease
        elif isinstance(work, Finish | Turn) or killed is None:
            self._ask(lambda: self._leases.crashed(work))
        elif isinstance(why, TrialFailure):
            message = _LIMITS[why]
            self._ask(lambda: self._leases.fail(work, why, message, held))
        elif why is Order.STOP:
            self._ask(lambda: self._leases.cancel(work, held))
        else:
            self._ask(lambda: self._leases.release(work))

    def _pause_after(self, status: int, lived: float) -> None:
        """Do not start in a tight loop what dies at once without ever holding work."""
        if status == 0 or lived > EARLY_DEATH_SECONDS:
            self._early_deaths = 0
            if status:
                log.warning("child.ended", status=signal_name(status))
            return
        self._pause(signal_name(status))

    def _pause(self, why: str) -> None:
        """Start no child for a while, the longer the more of them came to nothing."""
        self._early_deaths += 1
        pause = min(2.0**self._early_deaths, LONGEST_PAUSE_SECONDS)
        self._start_at = time.monotonic() + pause
        log.error("child.died_early", status=why, retry_seconds=pause)

    def _end(self) -> None:
        """Have the child give back its work, kill it if it does not, and sign off."""
        slot = self._slot
        if slot.busy:
            slot.dismiss()
            give_up = time.monotonic() + GRACE_SECONDS
            while slot.born and slot.listen() and time.monotonic() < give_up:
                if slot.line is not None:
                    wait([slot.line], max(0.0, give_up - time.monotonic()))
            slot.kill()
            held = slot.held
            slot.collect()
            for each in held:
                self._give_back(each.work)
        self._ask(lambda: self._leases.leave(self._worker))

    def _give_back(self, work: Work) -> None:
        if isinstance(work, Attempt):
            self._ask(lambda: self._leases.release(work))

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        """Return the store's answer, None while it is away or when the lease is somebody else's."""
        try:
            answer = question()
        except LeaseLost:
            return None
        except SchemaMissing as error:
            # Nothing is wrong on a first start: the API is still making the tables.
            self._note_store("store.empty", str(error))
            return None
        except Unavailable as error:
            self._note_store("store.away", str(error.__cause__ or error))
            return None
        self._note_store("")
        return answer

    def _note_store(self, away: str, detail: str = "") -> None:
        """Log in what way the store is away, or that it is back: once, not at every heartbeat."""
        if away != self._away:
            say = log.info if "store.empty" in (away, self._away) else log.warning
            self._away = away
            say(away or "store.back", detail=detail)

    def _pull(self, word: bytes) -> None:
        try:
            os.write(self._rope, word)
        except BlockingIOError:
            return  # the pipe is full of bells: it will look


def between_sweeps(crowd: int) -> float:
    """Return the seconds between two sweeps of each of so many workers."""
    return max(SWEEP_SECONDS, min(SWEEP_SECONDS * crowd / TOGETHER, LONGEST_SWEEP_SECONDS))


def _names(held: Sequence[Held]) -> dict[str, object]:
    works = [each.work for each in held]
    names = ["finish" if isinstance(work, Finish) else work.number for work in works]
    return {"study_id": works[0].study_id, "trial": names[0] if len(names) == 1 else names}


_LIMITS = {
    TrialFailure.OUT_OF_MEMORY: "training took more memory than a worker's share",
    TrialFailure.TIME_LIMIT: "training took longer than a trial may",
}
