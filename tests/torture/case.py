"""One case from beginning to end: a service, clients, strikes; then silence, and the reckoning."""

import threading
import time
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import tables
from tests.torture import equality, history, invariants
from tests.torture.actor import SPACE, Actor, Stage
from tests.torture.apart import Apart
from tests.torture.arena import Arena
from tests.torture.checker import Verdict, judge
from tests.torture.equality import Answer
from tests.torture.history import Recorder
from tests.torture.reckoning import deaths_in, reckon
from tests.torture.recovery import Recovery, Struck, recoveries
from tests.torture.remains import remains
from tests.torture.schedule import Strike
from tests.torture.tenants import admit
from tests.torture.whole import Whole


@dataclass(frozen=True, slots=True)
class Case:
    """What is done to a service; ``stories`` is how many studies each client starts at least."""

    name: str
    seed: int
    strikes: Sequence[Strike] = ()
    arena: type[Whole | Apart] = Whole
    workers: int = 2
    actors: int = 2
    stories: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 0.0
    """Seconds to wait at most, before a strike, for a trial to begin after the one before."""
    longest: float = float("inf")
    """Seconds after which no further strike falls."""
    space: Mapping[str, Any] = field(default_factory=lambda: SPACE)
    deadly: bool = False
    """Whether processes must die of themselves: at a fault point, or the case has shown nothing."""
    giving: bool = False
    """Whether trials must be given back unharmed, or the case has shown nothing."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case."""

    name: str
    seed: int
    verdict: Verdict = field(default_factory=Verdict)
    breaches: Sequence[str] = ()
    recoveries: Sequence[Recovery] = ()
    strikes: Mapping[str, int] = field(default_factory=dict)
    missed: int = 0
    deaths: int = 0
    """Processes killed, as the service itself noticed."""
    trials: int = 0
    repeated: int = 0
    """Attempts beyond each trial's first."""
    released: int = 0
    """How often a trial was given back unharmed: it gave way, was paused, or its worker left."""
    studies: int = 0
    answers: Sequence[Answer] = ()
    overruns: Sequence[float] = ()
    """Of the studies with a budget in seconds: how long after it they ended."""
    seconds: float = 0.0


def attempt(case: Case, folder: Path) -> Result:
    """Run a case; one that breaks is a breach, and no end of those after it."""
    try:
        return run(case, folder)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the report names it
        traceback.print_exc()
        return Result(case.name, case.seed, breaches=[f"the case broke: {error!r}"])


def run(case: Case, folder: Path) -> Result:
    """Run a case in a folder of its own and return what came of it."""
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    recorder = Recorder()
    csvs = [
        tables.mixed(folder / f"data-{seed}.csv", rows=300, classes=2, seed=seed)
        for seed in range(2)
    ]
    with (
        ThreadPoolExecutor(64) as readers,  # outside: a stuck reader ends with the service
        case.arena(folder, workers=case.workers, environment=case.environment) as arena,
    ):
        stage = Stage(arena.url, csvs, admit(arena.database_url), recorder, readers, case.space)
        hits, breaches = _play(case, arena, stage)
        seen, found, wrong = reckon(stage)
        arena.stop()
        breaches += [*wrong, *remains(arena.data_dir, arena.database_url)]
    struck = [hit for hit in hits if hit is not None]
    history.write(folder / "history.jsonl", recorder.history())
    deaths = deaths_in(arena.log)
    if case.deadly and not deaths:
        breaches.append(f"nothing died under {dict(case.environment)}")
    released = sum(event["type"] == "trial.released" for each in seen for event in each.events)
    if case.giving and not released:
        breaches.append("no trial gave way")
    return Result(
        name=case.name,
        seed=case.seed,
        verdict=judge(recorder.history(), found),
        breaches=[*(breach for each in seen for breach in invariants.breaches(each)), *breaches],
        recoveries=[found for each in seen for found in recoveries(each.events, struck)],
        strikes=Counter(strike.name for strike in struck),
        missed=len(hits) - len(struck),
        deaths=deaths,
        trials=sum(len(each.trials) for each in seen),
        repeated=sum(trial["attempts"] - 1 for each in seen for trial in each.trials),
        released=released,
        studies=len(seen),
        answers=equality.answers(seen),
        overruns=[late for each in seen if (late := invariants.overrun(each)) is not None],
        seconds=time.monotonic() - started,
    )


def _play(case: Case, arena: Arena, stage: Stage) -> tuple[list[Struck | None], list[str]]:
    """Let clients work while strikes fall; return these, and how clients ended that failed."""
    over = threading.Event()
    with ThreadPoolExecutor(case.actors) as pool:
        playing = [pool.submit(_act, place, stage, case, over) for place in range(case.actors)]
        try:
            hits = _strike(case, arena, stage, playing)
        finally:
            over.set()
    errors = [error for actor in playing if (error := actor.exception()) is not None]
    return hits, [f"a client ended with {error!r}" for error in errors]


def _act(place: int, stage: Stage, case: Case, over: threading.Event) -> None:
    with Actor(place, stage, case.seed) as actor:
        told = 0
        while told < case.stories or not over.is_set():
            actor.story()
            told += 1


def _strike(
    case: Case, arena: Arena, stage: Stage, playing: Sequence["Future[None]"]
) -> list[Struck | None]:
    give_up = time.monotonic() + case.longest
    hits: list[Struck | None] = []
    last = 0.0
    for strike in case.strikes:
        stage.pulse.beats(last, case.patience)
        time.sleep(strike.after)
        failed = any(actor.done() and actor.exception() for actor in playing)
        if failed or time.monotonic() > give_up:
            break
        hits.append(arena.strike(strike, stage.pulse.busy))
        last = time.time()
    return hits
