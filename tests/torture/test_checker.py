"""The checker tells a lost study from a duplicated one, and both from one that turned up."""

from pathlib import Path

import pytest

from tests.torture.checker import Found, Verdict, judge
from tests.torture.history import Attempt, Intention, Outcome, Recorder, Verb, write

OK, FAIL, UNKNOWN = Outcome.OK, Outcome.FAIL, Outcome.UNKNOWN


def _study(mark: str, *answers: tuple[Outcome, str | None]) -> list[Attempt]:
    intention = Intention(mark, "alice", Verb.STUDY)
    return [
        Attempt(intention, at=0.0, outcome=outcome, resource=resource)
        for outcome, resource in answers
    ]


def _about(verb: Verb, subject: str, *outcomes: Outcome) -> list[Attempt]:
    return [
        Attempt(Intention(f"{verb}-{n}", "alice", verb, subject), at=0.0, outcome=outcome)
        for n, outcome in enumerate(outcomes)
    ]


def test_what_was_acknowledged_and_is_there_once_is_well() -> None:
    verdict = judge(_study("a", (OK, "st_1")), Found(made={"a": ["st_1"]}))
    assert verdict == Verdict(acknowledged=("a",))
    assert not verdict.breaches
    assert verdict.attempted == 1


def test_a_lost_study_a_duplicated_one_and_one_that_turned_up_are_told_apart() -> None:
    history = [
        *_study("lost", (OK, "st_1")),
        *_study("twice", (UNKNOWN, None), (OK, "st_3")),
        *_study("late", (UNKNOWN, None)),
        *_study("gone", (UNKNOWN, None)),
    ]
    verdict = judge(history, Found(made={"twice": ["st_2", "st_3"], "late": ["st_4"]}))
    assert verdict == Verdict(
        acknowledged=("lost", "twice"),
        unknown=("late", "gone"),
        lost=("lost",),
        duplicated=("twice",),
        recovered=("late",),
    )
    assert verdict.breaches == ("lost: lost", "duplicated: twice")


def test_a_retry_that_is_acknowledged_makes_up_for_an_unknown_first_attempt() -> None:
    history = _study("a", (UNKNOWN, None), (FAIL, None), (OK, "st_1"))
    assert judge(history, Found(made={"a": ["st_1"]})) == Verdict(acknowledged=("a",))


def test_two_answers_with_two_ids_are_a_duplicate_even_if_one_is_gone() -> None:
    history = _study("a", (OK, "st_1"), (OK, "st_2"))
    assert judge(history, Found(made={"a": ["st_1"]})).duplicated == ("a",)


def test_an_attempt_that_never_returned_is_unknown() -> None:
    recorder = Recorder()
    recorder.invoke(Intention("a", "alice", Verb.UPLOAD))
    assert judge(recorder.history(), Found()).unknown == ("a",)
    assert judge(recorder.history(), Found(made={"a": ["ds_1"]})).recovered == ("a",)


@pytest.mark.parametrize(
    ("history", "found"),
    [
        (_study("a", (FAIL, None)), Found(made={"a": ["st_1"]})),
        (_study("a", (OK, "st_1")), Found(made={"a": ["st_2"]})),
        ([], Found(made={"b": ["st_1"]})),
        ([], Found(cancelled=frozenset({"st_1"}))),
        (_about(Verb.CANCEL, "st_1", FAIL), Found(cancelled=frozenset({"st_1"}))),
        ([Attempt(Intention("a", "bob", Verb.STUDY), 0.0, 1.0, UNKNOWN, 500)], Found()),
        ([Attempt(Intention("a", "bob", Verb.STUDY), 0.0, 1.0, FAIL, 422)], Found()),
    ],
    ids=[
        "refused",
        "another id",
        "never asked",
        "cancelled",
        "cancel refused",
        "HTTP 500",
        "HTTP 422",
    ],
)
def test_what_nobody_asked_for_is_unexpected(history: list[Attempt], found: Found) -> None:
    verdict = judge(history, found)
    assert len(verdict.unexpected) == 1
    assert not verdict.lost
    assert not verdict.duplicated


def test_a_503_is_an_honest_answer() -> None:
    busy = Attempt(Intention("a", "bob", Verb.STUDY), 0.0, 1.0, UNKNOWN, 503)
    assert not judge([busy], Found()).breaches


@pytest.mark.parametrize(
    ("outcomes", "seen", "expected"),
    [
        ((OK, OK), 2, Verdict()),
        ((OK, OK), 1, Verdict(lost=("resume of st_1",))),
        ((OK, FAIL), 2, Verdict(duplicated=("resume of st_1",))),
        ((OK, UNKNOWN), 2, Verdict(recovered=("resume of st_1",))),
        ((OK, UNKNOWN), 1, Verdict()),
        ((UNKNOWN,), 2, Verdict(duplicated=("resume of st_1",), recovered=("resume of st_1",))),
    ],
)
def test_resumes_are_counted(outcomes: tuple[Outcome, ...], seen: int, expected: Verdict) -> None:
    verdict = judge(_about(Verb.RESUME, "st_1", *outcomes), Found(resumes={"st_1": seen}))
    assert (verdict.lost, verdict.duplicated, verdict.recovered) == (
        expected.lost,
        expected.duplicated,
        expected.recovered,
    )


def test_pauses_are_counted_too() -> None:
    history = [*_about(Verb.PAUSE, "st_1", OK), *_about(Verb.RESUME, "st_1", OK)]
    assert not judge(history, Found(pauses={"st_1": 1}, resumes={"st_1": 1})).breaches
    assert judge(history, Found(resumes={"st_1": 1})).lost == ("pause of st_1",)


def test_a_cancel_shows_in_how_the_study_ended() -> None:
    ended = Found(cancelled=frozenset({"st_1"}))
    assert judge(_about(Verb.CANCEL, "st_1", OK), Found()).lost == ("cancel-0",)
    assert not judge(_about(Verb.CANCEL, "st_1", OK), ended).breaches
    assert judge(_about(Verb.CANCEL, "st_1", UNKNOWN), ended).recovered == ("cancel-0",)
    both = _about(Verb.CANCEL, "st_1", OK) + _about(Verb.RESUME, "st_1", OK)
    assert not judge(both, Found(resumes={"st_1": 1})).breaches


def test_verdicts_of_several_runs_add_up() -> None:
    total = Verdict(acknowledged=("a",), lost=("a",)) + Verdict(unknown=("b",))
    assert total.attempted == 2
    assert total.breaches == ("lost: a",)


def test_a_recorder_keeps_the_order_and_writes_a_line_an_attempt(tmp_path: Path) -> None:
    recorder = Recorder()
    first = recorder.invoke(Intention("a", "alice", Verb.STUDY))
    recorder.invoke(Intention("b", "bob", Verb.CANCEL, "st_1"))
    recorder.returned(first, OK, status=202, resource="st_1")
    one, two = recorder.history()
    assert (one.intention.mark, one.outcome, one.resource) == ("a", OK, "st_1")
    assert (two.intention.mark, two.outcome, two.until) == ("b", UNKNOWN, None)
    lines = write(tmp_path / "history.jsonl", recorder.history()).read_text().splitlines()
    assert len(lines) == 2
    assert '"outcome": "ok"' in lines[0]
