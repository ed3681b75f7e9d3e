"""A study on a terminal, or in a notebook, while it runs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal, Self

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.control import Control
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.segment import ControlType
from rich.table import Table
from rich.text import Text

from automl.client.course import Course, Running
from automl.client.gauge import ASCII_BARS, BARS, span, sparkline
from automl.client.tables import shown, words
from automl.client.text import plain
from automl.client.transport import Json

ROOMY, NARROW = 70, 46
"""Characters from which a leaderboard has its hyperparameters, and its seconds."""

LEAST_RISE = 8
"""A shorter sparkline says nothing."""

FRAME_LINES = 9
"""What a view needs beside its words and trials: bar, titles, headings, gaps, the cursor's."""


class Screen:
    """Draws what it was shown last, and lets the clock go on in between."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self.note = ""
        """What there is to say beside the study."""
        self._view: View | None = None
        self._course = Course()
        self._at = time.monotonic()
        self._width = self._console.width
        self._live = Live(
            console=self._console,
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

    def show(self, study: Json, trials: Sequence[Json], course: Course | None = None) -> None:
        """Take note of a study as it stands, its best trials, and its way, which may go on."""
        self._view, self._course = View(study, trials), course or Course()
        self._at = time.monotonic()

    def _render(self) -> RenderableType:
        if self._console.width != self._width:
            # What was drawn wider has wrapped, so rich would go up too few lines to erase it.
            self._width = self._console.width
            self._console.control(Control(ControlType.CLEAR, ControlType.HOME))
        if self._view is None:
            return Text("waiting for the first news …")
        running = list(self._course.running.values())  # at once: the course goes on meanwhile
        return replace(
            self._view,
            running=sorted(running, key=lambda trial: trial.number),
            bests=list(self._course.bests),
            latest=self._course.latest,
            passed=time.monotonic() - self._at,
            note=self.note,
        )


@dataclass(frozen=True, slots=True)
class View:
    """A study as a terminal of any size shows it.

    ``bests`` are moments and values, ``latest`` is the last moment known, ``passed`` the seconds
    since the study was looked at, ``note`` what there is to say beside what it shows.
    """

    study: Json
    trials: Sequence[Json] = ()
    running: Sequence[Running] = ()
    bests: Sequence[tuple[float, float]] = ()
    latest: float = 0.0
    passed: float = 0.0
    note: str = ""

    @property
    def _now(self) -> float:
        going = self.study["status"] == "running"
        return self.latest + (self.passed if going else 0.0)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        said = [Text(_standing(self.study, self.passed)), self._best(options)]
        if self.note:
            said.append(Text(self.note, style="yellow"))
        taken = sum(len(text.wrap(console, options.max_width - 2)) for text in said)
        room = max(2, console.size.height - FRAME_LINES - taken)
        running = self.running[: max(1, room // 3)]
        best = [trial for trial in self.trials if trial["value"] is not None]
        parts: list[RenderableType] = [*said, ""]
        if best:
            limit = max(1, room - len(running))
            parts.append(leaderboard(self.study, best[:limit], width=options.max_width - 2))
        if running:
            parts.append(_in_training(running, len(self.running), self.study["metric"]["name"]))
        yield drawing(self.study["progress"]["fraction"], *parts)

    def _best(self, options: ConsoleOptions) -> Text:
        """Return the best value, what to hold it against, and how it rose where there is room."""
        best, baseline = self.study["best"], self.study.get("baseline")
        name = plain(self.study["metric"]["name"])
        if best is None:
            return Text(f"no {name} yet{_against(baseline)}")
        by = f" by {plain(best['family'])}, trial {best['trial']}{_against(baseline)}"
        line = Text.assemble((f"{name} {shown(best['value'])}", "bold green"), by)
        room = options.max_width - line.cell_len - 5
        if len(self.bests) > 1 and room >= LEAST_RISE:
            bars = ASCII_BARS if options.ascii_only else BARS
            rise = sparkline(self.bests, until=self._now, width=min(room, 24), bars=bars)
            line.append(f"  {rise}", "green")
        return line


def drawing(fraction: float, *below: RenderableType) -> RenderableType:
    """Return a progress bar with what stands below it, narrower than the terminal by a `^C`.

    What the terminal itself echoes in the last column would wrap, and clearing miss a line.
    """
    bar = Table.grid()  # a line of its own: rich's bar ends without one
    bar.add_row(ProgressBar(total=1.0, completed=fraction, width=40))
    return Padding(Group(bar, *below), (0, 2, 0, 0))


def status_line(study: Json, *, since: float = 0.0) -> str:
    """Return a study in a line: status, trials, time, best.

    Args:
        study: as it was.
        since: how many seconds ago that was.
    """
    best, baseline = study["best"], study.get("baseline")
    parts = [_standing(study, since)]
    if best is not None:
        name = study["metric"]["name"]
        parts.append(f"best {name} {best['value']:.5g} ({best['family']}){_against(baseline)}")
    return plain(" · ".join(parts))


def leaderboard(study: Json, trials: Sequence[Json], *, width: int = 100) -> Table:
    """Return trials as a table for a terminal of some width in characters."""
    # Without `expand`, rich takes the hyperparameters' room from all the other columns.
    title = Text(plain(study["name"] or study["id"]), no_wrap=True, overflow="ellipsis")
    columns = ["number", "value", "family"]
    if any(trial["state"] != "complete" for trial in trials):
        columns.append("state")
    columns += ["seconds"] if width >= NARROW else []
    columns += ["params"] if width >= ROOMY else []
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        expand="params" in columns,
    )
    headings = {"number": "#", "value": plain(study["metric"]["name"]), "params": "hyperparameters"}
    for column in columns:
        heading = Text(headings.get(column, column))
        if column == "params":
            table.add_column(heading, overflow="ellipsis", no_wrap=True, ratio=1, style="dim")
        else:
            table.add_column(heading, no_wrap=True, justify=_SIDES.get(column, "left"))
    for trial in trials:
        table.add_row(*(Text(_cell(trial, column)) for column in columns))
    return table


_SIDES: dict[str, Literal["left", "right"]] = dict.fromkeys(("number", "value", "seconds"), "right")


def _cell(trial: Json, column: str) -> str:
    return words(trial["params"]) if column == "params" else shown(trial[column])


def _standing(study: Json, since: float) -> str:
    """Return how far a study is: status, time, trials."""
    progress = study["progress"]
    moving = since if study["status"] == "running" else 0.0
    parts = [f"{study['status']} {progress['fraction']:.0%}"]
    parts.append(span(progress["elapsed_seconds"] + moving))
    if progress["eta_seconds"]:
        parts.append(f"about {span(progress['eta_seconds'] - moving)} left")
    counts = ", ".join(f"{n} {state}" for state, n in progress["trials"].items() if n)
    return plain(" · ".join([*parts, counts or "no trial yet"]))


def _against(baseline: Json | None) -> str:
    """Return what always guessing alike would reach, to hold a value against."""
    return "" if baseline is None else f", baseline {shown(baseline['value'])}"


def _in_training(running: Sequence[Running], count: int, metric: str) -> Group:
    """Return the trials in training as lines: who, and how far."""
    more = "" if count == len(running) else f", {len(running)} of {count}"
    table = Table.grid(padding=(0, 2))
    for trial in running:
        epoch = "" if trial.epoch is None else f"epoch {trial.epoch}"
        value = "" if trial.value is None else f"{metric} {shown(trial.value)}"
        cells = (str(trial.number), plain(trial.family), epoch, value)
        table.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in cells))
    return Group(Text(f"in training{more}", style="italic"), table)
