"""Answers that show themselves well: as plain lists and dicts, in a terminal, in a notebook."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from automl.client.text import plain
from automl.client.transport import Json

SHOWN = 50


class Leaderboard(list[Json]):
    """A study's trials, the best first."""

    def __init__(self, trials: Iterable[Json], metric: str) -> None:
        super().__init__(trials)
        self.metric = metric

    def _repr_html_(self) -> str:
        headings = ("#", self.metric, "family", "state", "seconds", "hyperparameters")
        rows = [
            (t["number"], t["value"], t["family"], t["state"], t["seconds"], words(t["params"]))
            for t in self[:SHOWN]
        ]
        return table(headings, rows, caption=f"{len(self)} trials")


class Report(dict[str, Any]):
    """A study's report, as the service gives it."""

    def _repr_html_(self) -> str:
        return table(("part", "content"), [(name, _brief(part)) for name, part in self.items()])


class Predictions(dict[str, Any]):
    """``predictions``, ``probabilities`` and ``classes`` of some rows."""

    def _repr_html_(self) -> str:
        classes = self["classes"] or []
        shares = self["probabilities"] or [[] for _ in self["predictions"]]
        rows = [[a, *b] for a, b in zip(self["predictions"][:SHOWN], shares[:SHOWN], strict=True)]
        caption = f"{len(self['predictions'])} predictions"
        return table(("prediction", *map(str, classes)), rows, caption=caption)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "") -> str:
    """Return an HTML table in which whatever names hold is text.

    >>> table(["<b>"], [[0.123456789]])
    '<table><thead><tr><th>&lt;b&gt;</th></tr></thead><tbody><tr><td>0.12346</td></tr></tbody></table>'
    """
    head = "".join(f"<th>{escape(plain(name))}</th>" for name in headings)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(shown(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    title = f"<caption>{escape(plain(caption))}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def shown(value: object) -> str:
    """Return a cell's text: short numbers, nothing for none, no control characters."""
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else plain(str(value))


def words(params: Mapping[str, object]) -> str:
    """Return hyperparameters in a line.

    >>> words({"layers": 2, "dropout": 0.123456})
    'layers=2 dropout=0.12346'
    """
    return " ".join(f"{plain(name)}={shown(value)}" for name, value in params.items())


def _brief(part: object) -> str:
    text = str(part)
    return text if len(text) <= 300 else f"{text[:299]}…"
