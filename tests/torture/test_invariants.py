"""Each invariant holds of a sound study, and notices what breaks it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.torture import invariants, studies
from tests.torture.evidence import Evidence, File
from tests.torture.fold import fold
from tests.torture.invariants import (
    best,
    counted,
    ended,
    foldable,
    gapless,
    one_outcome,
    right_bytes,
    timely,
)

SOUND = studies.ended()
BYTES = b"a model"
DIGEST = hashlib.sha256(BYTES).hexdigest()


def _with_model(content: bytes = BYTES, etag: str = DIGEST, sha256: str = DIGEST) -> Evidence:
    model = {"formats": [{"format": "onnx", "bytes": len(BYTES), "sha256": sha256}]}
    return replace(SOUND, model=model, files={"onnx": File(content, etag)})


@pytest.mark.parametrize(
    "check",
    [gapless, ended, one_outcome, counted, foldable, best],
    ids=lambda check: check.__name__,
)
def test_a_sound_study_breaks_nothing(check: Callable[[Evidence], Iterator[str]]) -> None:
    assert list(check(SOUND)) == []


def _twice(seen: Evidence) -> Evidence:
    again = {**seen.events[8], "seq": len(seen.events) + 1}
    return replace(seen, events=[*seen.events, again])


def _stale(seen: Evidence) -> Evidence:
    """The lost worker's result is taken after all."""
    late = studies.held("trial.pruned", 0, 1, studies.FIRST)
    entries = [(event["type"], event["data"]) for event in seen.events]
    entries[11] = late
    return replace(seen, events=studies.log(*entries))


TIMED = {"seconds": 20.0, "trials": None}
NONE_COMPLETE = replace(SOUND, trials=[studies.trial(0, "pruned", 2)])


def _timed(finished: str) -> Evidence:
    return studies.ended(
        budget=TIMED, started_at="2026-01-01T00:00:00Z", finished_at=f"2026-01-01T00:{finished}Z"
    )


BROKEN: list[tuple[Callable[[Evidence], Iterator[str]], Evidence]] = [
    (gapless, studies.without(SOUND, 6)),
    (gapless, replace(SOUND, views=[SOUND.events[:-2]])),
    (gapless, replace(SOUND, views=[[*SOUND.events[:5], *SOUND.events[6:]]])),
    (gapless, replace(SOUND, views=[[]])),
    (ended, studies.ended(status="running")),
    (ended, studies.ended(status="cancelled")),
    (ended, studies.ended(status="failed", error={"reason": "INTERNAL"}, budget=TIMED)),
    (timely, _timed("01:20.500000")),
    (one_outcome, _twice(SOUND)),
    (one_outcome, _stale(SOUND)),
    (one_outcome, studies.without(SOUND, 12)),
    (one_outcome, studies.without(SOUND, 8)),
    (counted, replace(SOUND, trials=SOUND.trials[1:])),
    (counted, studies.ended(progress={"trials": {"complete": 2}})),
    (counted, studies.ended(budget={"seconds": None, "trials": 3})),
    (counted, studies.ended(budget={"seconds": None, "trials": 1})),
    (foldable, studies.ended(status="failed")),
    (foldable, studies.ended(best=None)),
    (foldable, replace(SOUND, trials=[studies.trial(0, "pruned", 1), SOUND.trials[1]])),
    (best, studies.ended(best={"trial": 0, "family": "mlp", "value": 0.7})),
    (best, replace(SOUND, trials=[studies.trial(0, "pruned", 2, 0.9), SOUND.trials[1]])),
    (right_bytes, SOUND),
    (right_bytes, _with_model(content=b"a Model")),
    (right_bytes, _with_model(etag="0" * 64)),
    (right_bytes, _with_model(sha256="0" * 64)),
    (right_bytes, _with_model(content=BYTES + b".")),
]


@pytest.mark.parametrize(("check", "seen"), BROKEN)
def test_a_broken_study_is_noticed(
    check: Callable[[Evidence], Iterator[str]], seen: Evidence
) -> None:
    assert list(check(seen))


def test_the_right_bytes_are_right() -> None:
    assert list(right_bytes(_with_model())) == []


def test_a_budget_in_seconds_may_take_a_minute_more_and_end_without_a_trial() -> None:
    assert list(timely(_timed("01:19.500000"))) == []
    failed = {"status": "failed", "budget": TIMED, "error": {"reason": "NO_TRIAL_COMPLETED"}}
    seen = replace(NONE_COMPLETE, study={**NONE_COMPLETE.study, **failed}, events=[])
    assert list(ended(seen)) == ["the study is failed, its log ends otherwise"]


def test_of_equal_values_the_first_trial_is_best() -> None:
    level = [studies.trial(0, "complete", 1, 0.7), studies.trial(1, "complete", 1, 0.7)]
    seen = replace(SOUND, trials=level)
    assert list(best(seen)) == ["the best is trial 0, the study says 1"]


def test_breaches_name_the_study() -> None:
    found = invariants.breaches(studies.ended(status="running"))
    assert found
    assert all(breach.startswith("st_1: ") for breach in found)


def test_a_fold_counts_states_and_resumes() -> None:
    more = [(event["type"], event["data"]) for event in studies.LOG]
    state = fold(studies.log(*more, ("study.resumed", {"status": "running"})))
    assert (state.status, state.resumes) == ("running", 1)
    assert state.counts == {"complete": 1, "pruned": 1}
