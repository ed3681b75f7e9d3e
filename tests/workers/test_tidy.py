"""A runner's work is done before what it freed is given back, and only then is there other work."""

from multiprocessing.connection import Pipe

import pytest

from automl.core.trial import Attempt, Finish, Turn
from tests.workers import fakes
from workers import tidy
from workers.line import Hold, Line


class Runner:
    def __init__(self) -> None:
        self.did: list[object] = []

    def answer(self, turn: Turn) -> Attempt | None:
        self.did.append(turn)
        return None

    def run(self, work: Hold, line: Line) -> None:
        self.did.append(work)


def test_what_work_took_is_given_back_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()
    monkeypatch.setattr(tidy, "give_back", lambda: runner.did.append("given back"))
    ours, theirs = Pipe()
    with ours, theirs:
        work, turn = fakes.attempt(), fakes.turn()
        whole = tidy.Tidy(runner)
        whole.run(work, Line(ours))
        assert whole.answer(turn) is None
    assert runner.did == [work, "given back", turn]


def test_a_trial_begins_without_the_files_of_the_last_but_short_ones_do_not_wait_for_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runner, times = Runner(), [100.0, 100.0, 101.9, 102.0, 102.0, 103.0]
    monkeypatch.setattr(tidy, "let_go_of_files", lambda: runner.did.append("let go"))
    ours, theirs = Pipe()
    with ours, theirs:
        work, whole = fakes.attempt(), tidy.Tidy(runner, clock=lambda: times.pop(0))
        while times:
            whole.run(work, Line(ours))
    assert runner.did == ["let go", work, work, "let go", work, work]


def test_a_finish_has_the_room_of_what_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()
    monkeypatch.setattr(tidy, "let_go_of_files", lambda: runner.did.append("let go"))
    ours, theirs = Pipe()
    with ours, theirs:
        work, finish = fakes.attempt(), Finish("st_1", "default", 1, None)
        whole = tidy.Tidy(runner, clock=lambda: 100.0)
        whole.run(work, Line(ours))
        whole.run(finish, Line(ours))
    assert runner.did == ["let go", work, "let go", finish]
