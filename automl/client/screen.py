"""A study on a terminal, or in a notebook, while it runs."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from automl.client.tables import shown, words
from automl.client.text import plain
from automl.client.transport import Json


class Screen:
    """Draws what it was shown last, and lets the clock go on in between."""

    def __init__(self, console: Console | None = None) -> None:
        self._study: Json | None = None
        self._trials: Sequence[Json] = ()
        self._at = time.monotonic()
        self._live = Live(
            console=console or Console(stderr=True),
            transient=True,
            refresh_per_second=2,
            get_renderable=self._render,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, study: Json, trials: Sequence[Json]) -> None:
        """Take note of a study as it stands and its best trials."""
        self._study, self._trials, self._at = study, trials, time.monotonic()

    def _render(self) -> RenderableType:
        if self._study is None:
            return Text("waiting for the first news …")
        return drawing(
            self._study["progress"]["fraction"],
            Text(status_line(self._study, since=time.monotonic() - self._at)),
            leaderboard(self._study, self._trials),
        )


def drawing(fraction: float, *below: RenderableType) -> RenderableType:
    """Return a progress bar with what stands below it, narrower than the terminal by a `^C`.

    What the terminal itself echoes in the last column would wrap, and clearing miss a line.
    """
    bar = Table.grid()  # a line of its own: rich's bar ends without one
    bar.add_row(ProgressBar(total=1.0, completed=fraction, width=40))
    return Padding(Group(bar, *below), (0, 2, 0, 0))


def status_line(study: Json, *, since: float = 0.0) -> str:
    """Return a study in a line: status, trials, best, time.

    Args:
        study: as it was.
        since: how many seconds ago that was.
    """
    progress, best = study["progress"], study["best"]
    counts = ", ".join(f"{n} {state}" for state, n in progress["trials"].items() if n)
    moving = since if study["status"] == "running" else 0.0
    parts = [study["status"], counts or "no trial yet"]
    if best is not None:
        parts.append(f"best {study['metric']['name']} {best['value']:.5g} ({best['family']})")
    parts.append(f"{progress['elapsed_seconds'] + moving:.0f} s")
    if progress["eta_seconds"]:
        parts.append(f"about {max(0.0, progress['eta_seconds'] - moving):.0f} s left")
    return plain(" · ".join(parts))


def leaderboard(study: Json, trials: Sequence[Json]) -> Table:
    """Return trials as a table for a terminal."""
    # Without `expand`, rich takes the hyperparameters' room from all the other columns.
    title = Text(plain(study["name"] or study["id"]))
    table = Table(title=title, title_justify="left", expand=True)
    for heading in ("#", study["metric"]["name"], "family", "state", "seconds"):
        table.add_column(Text(plain(heading)), no_wrap=True)
    table.add_column("hyperparameters", overflow="ellipsis", no_wrap=True, ratio=1)
    for trial in trials:
        cells = (trial["number"], trial["value"], trial["family"], trial["state"], trial["seconds"])
        table.add_row(*(Text(shown(cell)) for cell in cells), Text(words(trial["params"])))
    return table
