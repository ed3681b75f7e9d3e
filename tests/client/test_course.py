"""Events folded into who trains and how the best rose."""

from typing import Any

from automl.client.course import Course, Running


def at(second: int, kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "at": f"2026-01-01T00:00:{second:02d}.000Z", "data": data}


def ended(second: int, value: float | None) -> dict[str, Any]:
    return {"value": value, "finished_at": f"2026-01-01T00:00:{second:02d}.000Z"}


def test_trials_come_learn_and_go() -> None:
    course = Course()
    course.note(at(1, "trial.started", trial=3, family="mlp"))
    course.note(at(2, "trial.started", trial=4, family="tabm"))
    course.note(at(3, "trial.epoch", trial=3, epoch=2, value=0.7))
    assert course.running == {3: Running(3, "mlp", 2, 0.7), 4: Running(4, "tabm")}
    course.note(at(4, "trial.pruned", trial=3))
    course.note(at(5, "trial.epoch", trial=3, epoch=3, value=0.8))  # a late one
    course.note(at(6, "worker.lost", worker="w", trial=4))
    course.note(at(6, "trial.retried", trial=4))
    assert course.running == {}


def test_the_best_rises_by_trials_before_and_events_after() -> None:
    course = Course()
    before = [ended(9, 0.6), ended(3, 0.9), ended(5, 0.7), ended(7, None), ended(8, 0.8)]
    course.begin([{"number": 1, "family": "mlp"}], before, maximize=False)
    course.note(at(20, "study.best", trial=7, family="mlp", value=0.5))
    start = course.bests[0][0]
    assert [(moment - start, value) for moment, value in course.bests] == [
        (0, 0.9),
        (2, 0.7),
        (6, 0.6),
        (17, 0.5),
    ]
    assert course.running == {1: Running(1, "mlp")}
    assert course.latest - start == 17
