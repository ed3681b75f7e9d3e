"""What was tried, and for how long: on the page and in the card."""

from collections.abc import Iterator, Sequence
from typing import cast

from automl import families
from automl.core.catalog import FamilyName
from automl.core.report import Number, Point, Report
from automl.core.study_report import StudyReport, Tried
from automl.export import charts
from automl.export.markup import Markup, figure, tag
from automl.export.tables import Bar, bars, folded, table
from automl.export.verdict import percent
from automl.export.words import compared, title

MOST_SHARES = 8


def sections(report: StudyReport) -> Iterator[Markup]:
    """Yield what was tried, kind by kind and as it went."""
    yield tag("h2", "What was tried")
    yield from (tag("p", text) for text in summary(report))
    yield from _charts(report)
    yield table(*rows(report))
    yield from (tag("p", text) for text in compared(report))
    yield from _hyperparameters(report)


def summary(report: StudyReport) -> Iterator[str]:
    """Yield how many candidates there were, and what became of them."""
    tried, study = report.get("tried"), report.get("study")
    if tried is None or study is None:
        complete = sum(item["complete"] for item in report["families"])
        kinds = _kinds(len(report["families"]))
        yield f"{_count(complete, 'candidate')} of {kinds} came to an end."
        return
    count, complete = (sum(item[key] for item in tried) for key in ("trials", "complete"))
    parts = [f"{complete:,} complete"]
    if pruned := sum(item["pruned"] for item in tried):
        parts.append(f"{pruned:,} stopped early, since others were ahead")
    if failed := sum(item["failed"] for item in tried):
        reasons = sorted({reason for item in tried for reason in item.get("reasons", {})})
        why = f" ({', '.join(reason.lower().replace('_', ' ') for reason in reasons)})"
        parts.append(f"{failed:,} failed{why if reasons else ''}")
    if (other := count - complete - pruned - failed) > 0:
        parts.append(f"{other:,} given up when the time was over")
    told = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    yield (
        f"In {duration(study['elapsed_seconds'])} the search tried {_count(count, 'candidate')} of"
        f" {_kinds(len(tried))}: {told}."
    )


def rows(report: StudyReport) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the table of families: its head and its rows."""
    tried = report.get("tried")
    best = f"best {title(report['task']['metric'])}"
    if tried is None:
        head: tuple[str, ...] = ("kind of model", "complete", best)
        return head, [
            (name(item["family"]), f"{item['complete']:,}", figure(item["best"]))
            for item in report["families"]
        ]
    head = ("kind of model", "tried", "complete", "stopped early", "failed", best, "work")
    return head, [
        (
            name(item["family"]), f"{item['trials']:,}", f"{item['complete']:,}",
            f"{item['pruned']:,}", f"{item['failed']:,}", figure(item["best"]),
            duration(item["seconds"]),
        )
        for item in tried
    ]  # fmt: skip


def name(family: str) -> str:
    """Return what a family is called."""
    known = family in tuple(FamilyName)
    return families.spec(FamilyName(family)).title if known else family


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> duration(4.26), duration(61), duration(7_300)
    ('4.3 s', '1 min 1 s', '2 h 2 min')
    """
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def _charts(report: StudyReport) -> Iterator[Markup]:
    figures = [*_progress(report), *_time(report.get("tried", []))]
    if figures:
        yield tag("div", figures, class_="charts wide")


def _progress(report: StudyReport) -> Iterator[Markup]:
    """Yield the best value so far, over time where that is known, else over trials."""
    timeline, study = report.get("timeline"), report.get("study")
    metric, moments = title(report["task"]["metric"]), report.get("bests", [])
    points: list[Point] = [(float(item["trial"]), item["value"]) for item in moments]
    across, last = "trial", max([item["trial"] for item in report.get("rivals", [])], default=0)
    end = float(last)
    if timeline and study is not None:
        points = [(item["seconds"], item["value"]) for item in timeline]
        across, end = "seconds since the search began", study["elapsed_seconds"]
    if len([value for _, value in points if value is not None]) < 2:
        return  # a line that never rises tells nothing
    guess = _near(points, report["baseline"])
    drawn = charts.steps(
        points, end=end, guess=guess, labels=(across, f"best {metric} so far"),
        title="The best value so far",
    )  # fmt: skip
    better = "higher" if report["task"]["direction"] == "maximize" else "lower"
    dashed = "" if guess is None else " Dashed: always guessing alike."
    caption = f"The best so far; {better} is better.{dashed}"
    led = cast("Sequence[Point]", points)
    listed = table((across, metric), [(figure(x), figure(y)) for x, y in led], text=())
    yield tag("figure", drawn, tag("figcaption", caption), folded("In numbers", listed))


def _near(points: Sequence[Point], guess: Number) -> Number:
    """Return the guess's value unless it is so far off that it would flatten the picture."""
    values = [value for _, value in points if value is not None]
    if guess is None or max(values) - min(values) < _FLATTENED * abs(guess - values[-1]):
        return None
    return guess


_FLATTENED = 0.25


def _time(tried: Sequence[Tried]) -> Iterator[Markup]:
    total = sum(item["seconds"] for item in tried)
    if len(tried) < 2 or not total:
        return
    ordered = sorted(tried, key=lambda item: -item["seconds"])
    shown = [
        Bar(name(item["family"]), item["seconds"], percent(item["seconds"] / total))
        for item in ordered
    ]
    caption = f"Which kind of model got the work, {duration(total)} in all."
    drawn = bars(shown, head=("kind of model", "of the work"))
    yield tag("figure", drawn, tag("figcaption", caption))


def _hyperparameters(report: Report) -> Iterator[Markup]:
    """Yield which hyperparameters went with the differences between trials."""
    figures = []
    for item in report["families"]:
        shares = [share for share in item["hyperparameters"] if share["share"] >= 0.01]
        shown = [Bar(it["name"], it["share"], percent(it["share"])) for it in shares[:MOST_SHARES]]
        if shown:
            text = f"{name(item['family'])}, by its {item['complete']} complete trials"
            drawn = bars(shown, head=("setting", "of the differences"), most=1.0)
            figures.append(tag("figure", drawn, tag("figcaption", text)))
    if figures:
        yield tag("h3", "Which settings mattered")
        yield tag(
            "p", "The part of the differences between a kind's candidates that goes with a setting:"
            " a hint, not an experiment, since the search itself chose the values.", class_="note",
        )  # fmt: skip
        yield tag("div", figures, class_="charts wide")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _kinds(number: int) -> str:
    return "one kind of model" if number == 1 else f"{number} kinds of models"
