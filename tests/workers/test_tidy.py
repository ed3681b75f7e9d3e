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


def test_a_finish_has_the_room_of_what_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()
    monkeypatch.setattr(tidy, "let_go_of_files", lambda: runner.did.append("let go"))
    ours, theirs = Pipe()
    with ours, theirs:
        work, finish = fakes.attempt(), Finish("st_1", "default", 1, None)
        whole = tidy.Tidy(runner)
        whole.run(work, Line(ours))
        whole.run(finish, Line(ours))
    assert runner.did == [work, "let go", finish]
