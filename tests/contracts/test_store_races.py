"""Many at once, on both databases: each trial one live token, one outcome, no gap in any log."""

import multiprocessing
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from automl.core.catalog import StudyStatus, TrialFailure, TrialState
from automl.core.errors import IdempotencyInFlight, LeaseLost, StudyState
from automl.core.ports import Reply, Store
from automl.core.schema import Dataset
from automl.core.trial import Attempt, CurvePoint, Finish, Turn
from automl.settings import Settings
from automl.store import SqlStore, open_store
from tests.store import values

THREADS = 8


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """Run ``act`` in that many threads, all starting together."""
    barrier = threading.Barrier(count)

    def start(index: int) -> object:
        barrier.wait(10)
        return act(index)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def work(store: Store, name: str, seed: int) -> Counter[str]:
    """Claim and end until nothing is left, misbehaving in every way a worker can."""
    chance = random.Random(seed)
    done: Counter[str] = Counter()
    while True:
        hold = store.leases.claim(name)
        if isinstance(hold, Turn):
            hold = store.leases.begin(name, hold, values.CANDIDATE)
            if hold is None:
                done["late"] += 1
                continue
        if not isinstance(hold, Attempt):
            return done
        end = chance.choice(["complete", "complete", "prune", "fail", "release", "crashed"])
        done[end] += 1
        if chance.random() < 0.3:
            store.leases.record(hold, [CurvePoint(1, 0.5)])
        match end:
            case "complete":
                result = values.outcome(store, round(chance.random(), 2), mark=str(hold.number))
                store.leases.complete(hold, result)
            case "prune":
                store.leases.prune(hold, 0.1)
            case "fail":
                store.leases.fail(hold, TrialFailure.INTERNAL, "so", 0.1)
            case "release":
                store.leases.release(hold)
            case _:
                store.leases.crashed(hold)


def test_eight_threads_claim_every_trial_once(store: Store) -> None:
    study = values.add_study(store, trials=40)
    done = at_once(THREADS, lambda n: work(store, f"w{n}", n))
    values.check(store, study)
    total: Counter[str] = sum((part for part in done if isinstance(part, Counter)), Counter())
    counts = values.read(store, study).counts
    # The one thread that took the finish has stopped there; every trial has its outcome.
    assert sum(counts.values()) == 40
    assert total["complete"] == counts[TrialState.COMPLETE]
    assert total["prune"] == counts[TrialState.PRUNED]


def _process(settings: Settings, name: str, seed: int) -> None:
    store = open_store(settings)
    work(store, name, seed)
    store.close()


def test_three_processes_claim_every_trial_once(store: SqlStore, store_settings: Settings) -> None:
    study = values.add_study(store, seconds=600, trials=40)
    spawn = multiprocessing.get_context("spawn")
    children = [spawn.Process(target=_process, args=(store_settings, f"w{n}", n)) for n in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert sum(values.check(store, study).counts.values()) == 40


def test_one_finish_among_eight(store: Store) -> None:
    values.add_study(store, trials=1)
    values.complete(store, 0.5)
    taken = at_once(THREADS, lambda n: store.leases.claim(f"w{n}"))
    assert sum(isinstance(one, Finish) for one in taken) == 1


def test_one_attempt_at_a_waiting_trial_among_eight(store: Store) -> None:
    values.add_study(store, trials=1)
    store.leases.release(values.attempt(store))
    taken = at_once(THREADS, lambda n: store.leases.claim(f"w{n}"))
    assert [one.token for one in taken if isinstance(one, Attempt)] == [2]


def test_cancel_races_completion(store: Store) -> None:
    outcomes: Counter[str] = Counter()
    dataset = values.add_dataset(store)
    result = values.outcome(store, 0.5)
    study = values.add_study(store, trials=2, dataset=dataset)
    for _ in range(100):
        held = values.attempt(store)

        def act(index: int, held: Attempt = held, study_id: str = study.id) -> str:
            if index:
                with store.unit() as unit:
                    unit.studies.cancel("default", study_id)
                return "cancelled"
            try:
                store.leases.complete(held, result)
            except LeaseLost:
                return "lost"
            return "completed"

        first, _ = at_once(2, act)
        now = values.read(store, study)
        outcomes[str(first)] += 1
        if first == "lost":
            assert now.status is StudyStatus.CANCELLED
            assert now.counts[TrialState.CANCELLED] == 1
        else:
            assert now.status is StudyStatus.FINALIZING
            assert now.counts[TrialState.COMPLETE] == 1
            store.leases.publish(values.finish(store), values.model(store, study))
        values.check(store, study)
        study = values.add_study(store, trials=2, dataset=dataset)
    assert sum(outcomes.values()) == 100


def test_pause_resume_cancel_and_reap_race_with_workers(store: SqlStore) -> None:
    study = values.add_study(store, trials=30)

    def act(index: int) -> None:
        if index == 0:
            for turn in range(15):
                with store.unit() as unit:
                    try:
                        if turn % 2:
                            unit.studies.resume("default", study.id, None)
                        else:
                            unit.studies.pause("default", study.id)
                    except StudyState:
                        return
        elif index == 1:
            for _ in range(20):
                store.leases.reap()
        else:
            try:
                work(store, f"w{index}", index)
            except LeaseLost:
                return

    at_once(5, act)
    values.check(store, study)


def test_eight_reapers_give_a_lapsed_trial_back_once(store: SqlStore) -> None:
    study = values.add_study(store)
    values.attempt(store)
    values.age(store, 7)
    assert sum(at_once(THREADS, lambda _: store.leases.reap())) == 1  # type: ignore[arg-type]
    kinds = Counter(event.type.value for event in values.log(store, study))
    assert kinds["trial.retried"] == kinds["worker.lost"] == 1


def test_a_reader_never_sees_a_gap(store: Store) -> None:
    study = values.add_study(store, seconds=600, trials=60)
    stop = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        while not stop.is_set() or len(seen) < values.read(store, study).last_seq:
            with store.unit() as unit:
                events = unit.events.after(study.id, seen[-1] if seen else 0, 7)
            seen.extend(event.seq for event in events)

    reader = threading.Thread(target=follow)
    reader.start()
    at_once(4, lambda n: work(store, f"w{n}", n))
    stop.set()
    reader.join(30)
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) == values.check(store, study).last_seq


def test_the_same_file_uploaded_by_eight(store: Store) -> None:
    for _ in range(5):
        added = at_once(THREADS, lambda _: values.add_dataset(store))
        assert len({dataset.source for dataset in added if isinstance(dataset, Dataset)}) == 1
    with store.unit() as unit:
        assert unit.gauges()["datasets"]["stored"] == 5 * THREADS


def test_the_same_key_fifty_times_in_parallel(store: Store) -> None:
    dataset = values.add_dataset(store)

    def act(index: int) -> str:
        try:
            with store.unit() as unit:
                reply = unit.requests.reserve("default", "key", "POST /v1/studies")
        except IdempotencyInFlight:
            return "twin"
        if reply is not None:
            return reply.body
        study = values.add_study(store, dataset=dataset)
        with store.unit() as unit:
            unit.requests.keep("default", "key", "print", Reply(202, None, study.id))
        return study.id

    answers = set(at_once(25, act)) | set(at_once(25, act))
    with store.unit() as unit:
        (study,) = unit.studies.list("default", status=None, before=None, limit=10)
    assert answers <= {study.id, "twin"}
    assert study.id in answers


@pytest.mark.parametrize("slow_first", [True, False])
def test_of_two_holders_of_a_lapsed_key_one_commits(store: SqlStore, *, slow_first: bool) -> None:
    def reserve() -> Reply | None:
        with store.unit() as unit:
            return unit.requests.reserve("default", "key", "op")

    def create(name: str) -> None:
        with store.unit() as unit:
            unit.requests.keep("default", "key", "print", Reply(201, None, name))

    assert reserve() is None
    values.age(store, 31)
    assert reserve() is None
    create("slow" if slow_first else "fast")
    with pytest.raises(IdempotencyInFlight):
        create("fast" if slow_first else "slow")
    reply = reserve()
    assert reply is not None
    assert reply.body == ("slow" if slow_first else "fast")
