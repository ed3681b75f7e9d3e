"""What a study looks like on a terminal, and that nothing of it goes by unseen."""

import io
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from rich.console import Console, RenderableType

from automl.client import Client
from automl.client.course import Course, Running
from automl.client.screen import Screen, View, drawing, leaderboard
from automl.client.watch import draw

TRIAL = {
    "number": 7, "value": 0.98765, "family": "random_forest", "state": "complete", "seconds": 12.5,
    "params": {"trees": 300, "max_features": 0.25, "min_samples_leaf": 4, "bootstrap": True},
}  # fmt: skip


def study(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "st_1", "name": "try", "status": status, "best": None, "baseline": {"value": 0.5},
        "metric": {"name": "roc_auc", "direction": "maximize"},
        "progress": {"fraction": 0.5, "elapsed_seconds": 3.0, "eta_seconds": 3.0, "trials": {}},
        "last_seq": 4, **more,
    }  # fmt: skip


def lines(what: RenderableType, width: int, height: int = 40) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height)
    console.print(what)
    return cast("io.StringIO", console.file).getvalue().splitlines()


@pytest.mark.parametrize("width", [70, 100, 200])
def test_a_leaderboard_shows_every_column_however_long_the_hyperparameters(width: int) -> None:
    pruned = {**TRIAL, "value": None, "state": "pruned"}
    text = "\n".join(lines(leaderboard(study("running"), [TRIAL, pruned], width=width), width))
    for word in ("roc_auc", "0.98765", "random_forest", "complete", "pruned", "12.5", "trees"):
        assert word in text


BEST = {"trial": 7, "family": "random_forest", "value": 0.98765}
RISE = [(0.0, 0.7), (30.0, 0.9), (50.0, 0.98765)]
NETS = [Running(8, "mlp", 12, 0.91), Running(9, "transformer")]


def view(width: int, height: int = 40, **more: Any) -> str:
    given = {"best": BEST, **more.pop("study", {})}
    seen = View(study("running", **given), [TRIAL] * 10, NETS, RISE, 60.0, **more)
    drawn = lines(seen, width, height)
    assert max(map(len, drawn)) <= width
    assert len(drawn) <= height
    return "\n".join(drawn)


def test_a_view_says_how_far_how_good_and_who_trains() -> None:
    text = view(100)
    assert "running 50% · 3 s · about 3 s left" in text
    assert "roc_auc 0.98765 by random_forest, trial 7, baseline 0.5" in text
    assert "▁▁▁▁▁▁▁▁▁▁▁▁▆▆▆▆▆▆▆▆████" in text
    assert "8  mlp          epoch 12  roc_auc 0.91" in text
    assert text.count("random_forest") == 11


@pytest.mark.parametrize(("width", "height"), [(60, 24), (40, 20), (30, 18), (200, 12)])
def test_a_view_fits_a_small_terminal(width: int, height: int) -> None:
    text = view(width, height)
    assert "random_forest" in text
    assert "mlp" in text


def test_the_clock_goes_on_while_nothing_happens() -> None:
    assert "4 s · about 2 s left" in view(100, passed=1.0)
    paused = {**study("paused"), "best": None}
    assert "paused 50% · 3 s · about 3 s left" in "\n".join(lines(View(paused, passed=9.0), 100))


def test_before_the_first_trial_there_is_a_baseline() -> None:
    drawn = lines(View(study("queued")), 80)
    assert "no trial yet" in drawn[1]
    assert drawn[2].strip() == "no roc_auc yet, baseline 0.5"


def test_a_terminal_of_few_characters_is_drawn_in_those() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="replace")
    Console(file=file, width=100).print(View(study("running", best=BEST), [TRIAL], [], RISE, 60.0))
    file.seek(0)
    text = file.read()
    assert "____________++++++++####" in text
    assert "+--" in text


def test_a_drawing_leaves_room_for_what_the_terminal_echoes() -> None:
    drawn = lines(drawing(0.5, leaderboard(study("running"), [TRIAL])), 80)
    assert set(drawn[0]) <= {"━", "╸", "╺", " "}
    assert max(len(line.rstrip()) for line in drawn) <= 78


class Service:
    """A client whose study is as old as the events that were taken."""

    def __init__(self, events: Sequence[str]) -> None:
        self.events_to_come = events
        self.status = "running"

    def study(self, _: str) -> dict[str, Any]:
        return study(self.status)

    def get(self, *_: str, **__: str) -> dict[str, Any]:
        return {"items": [{**TRIAL, "finished_at": "2026-01-01T00:00:07Z"}]}

    def events(self, _: str, *, after: int) -> Iterator[dict[str, Any]]:
        for seq, kind in enumerate(self.events_to_come, after + 1):
            self.status = kind.partition(".")[2] if kind.startswith("study.") else self.status
            yield {"seq": seq, "type": kind}

    def items(self, *_: str, **__: str) -> Iterator[dict[str, Any]]:
        yield from ()


class Noted:
    """A screen that keeps what it was shown."""

    def __init__(self) -> None:
        self.statuses: list[str] = []

    def show(self, study: dict[str, Any], _: Sequence[dict[str, Any]], __: Course) -> None:
        self.statuses.append(study["status"])


def test_a_pause_right_after_other_news_is_drawn() -> None:
    screen = Noted()
    service = Service(["trial.released", "study.paused", "trial.epoch", "trial.epoch"])
    draw(cast("Client", service), "st_1", cast("Screen", screen))
    assert screen.statuses == ["running", "running", "paused"]


def test_an_epoch_is_seen_before_the_study_is_looked_at_again() -> None:
    screen, course = Screen(Console(file=io.StringIO())), Course()
    course.running[8] = Running(8, "mlp", 1)
    screen.show(study("running"), [], course)
    course.running[8] = Running(8, "mlp", 2)
    assert "epoch 2" in "\n".join(lines(screen._render(), 80))
