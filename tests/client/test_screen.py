"""What a study looks like on a terminal, and that nothing of it goes by unseen."""

import io
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from rich.console import Console, RenderableType

from automl.client import Client
from automl.client.screen import Screen, drawing, leaderboard
from automl.client.watch import draw

TRIAL = {
    "number": 7, "value": 0.98765, "family": "random_forest", "state": "complete", "seconds": 12.5,
    "params": {"trees": 300, "max_features": 0.25, "min_samples_leaf": 4, "bootstrap": True},
}  # fmt: skip


def study(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "st_1", "name": "try", "status": status, "metric": {"name": "roc_auc"}, "best": None,
        "progress": {"fraction": 0.5, "elapsed_seconds": 3.0, "eta_seconds": 3.0, "trials": {}},
        "last_seq": 4, **more,
    }  # fmt: skip


def lines(what: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(what)
    return cast("io.StringIO", console.file).getvalue().splitlines()


@pytest.mark.parametrize("width", [70, 100, 200])
def test_a_leaderboard_shows_every_column_however_long_the_hyperparameters(width: int) -> None:
    text = "\n".join(lines(leaderboard(study("running"), [TRIAL]), width))
    for word in ("roc_auc", "0.98765", "random_forest", "complete", "12.5", "trees"):
        assert word in text


def test_a_drawing_leaves_room_for_what_the_terminal_echoes() -> None:
    drawn = lines(drawing(0.5, leaderboard(study("running"), [TRIAL])), 80)
    assert set(drawn[0]) <= {"━", "╸", "╺", " "}
    assert max(len(line.rstrip()) for line in drawn) == 78


class Service:
    """A client whose study is as old as the events that were taken."""

    def __init__(self, events: Sequence[str]) -> None:
        self.events_to_come = events
        self.status = "running"

    def study(self, _: str) -> dict[str, Any]:
        return study(self.status)

    def get(self, *_: str, **__: str) -> dict[str, Any]:
        return {"items": [TRIAL]}

    def events(self, _: str, *, after: int) -> Iterator[dict[str, Any]]:
        for seq, kind in enumerate(self.events_to_come, after + 1):
            self.status = kind.partition(".")[2] if kind.startswith("study.") else self.status
            yield {"seq": seq, "type": kind}


class Noted:
    """A screen that keeps what it was shown."""

    def __init__(self) -> None:
        self.statuses: list[str] = []

    def show(self, study: dict[str, Any], _: Sequence[dict[str, Any]]) -> None:
        self.statuses.append(study["status"])


def test_a_pause_right_after_other_news_is_drawn() -> None:
    screen = Noted()
    service = Service(["trial.released", "study.paused", "trial.epoch", "trial.epoch"])
    draw(cast("Client", service), "st_1", cast("Screen", screen))
    assert screen.statuses == ["running", "running", "paused"]
