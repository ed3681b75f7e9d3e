"""The model beside guessing, as two or three bars that need no explanation."""

from automl.core.report import Interval, Report
from automl.export.markup import Markup, figure, join, tag, user
from automl.export.tables import Bar, bars
from automl.export.verdict import looked_for, percent, rare, usual

LONGEST_NAME = 30


def compare(report: Report) -> Markup:
    """Return the bars: of classes how often it is right, of numbers how far it is off."""
    if report["classification"] is not None:
        return _of_rare(report) if rare(report) else _of_classes(report)
    return _of_numbers(report)


def _of_classes(report: Report) -> Markup:
    accuracy = report["metrics"].get("accuracy")
    if accuracy is None or accuracy["value"] is None:
        return Markup("")
    answer, share = usual(report)
    said = join("always ", user(str(answer), most=LONGEST_NAME))
    rows = [_share("this model", accuracy), Bar(said, share, percent(share), kind="bar guess")]
    return tag("div", bars(rows, head=("", "right"), most=1.0), class_="compare")


def _of_rare(report: Report) -> Markup:
    sought, metrics = looked_for(report), report["metrics"]
    if sought is None:
        return Markup("")
    label = user(str(sought["label"]), most=LONGEST_NAME)
    recall, precision = (
        Interval(value=value, low=None, high=None)
        for value in (sought["recall"], sought["precision"])
    )
    if sought["label"] == report["task"]["positive"]:  # of it the intervals are known
        recall, precision = metrics["recall"], metrics["precision"]
    rows = [
        _share(join("of ", label, " it finds"), recall),
        _share(join("right when it says ", label), precision),
    ]
    return tag("div", bars(rows, head=("", "rows"), most=1.0), class_="compare")


def _of_numbers(report: Report) -> Markup:
    found, guess = report["regression"], report.get("guess")
    if found is None or guess is None or not guess["within"]:
        return Markup("")
    own, alike = found["within"]["0.5"], guess["within"]["0.5"]
    rows = [
        Bar("this model", own, figure(own, digits=3)),
        Bar("always the mean", alike, figure(alike, digits=3), kind="bar guess"),
    ]
    head = ("", "half are off by less than")
    return tag("div", bars(rows, head=head), class_="compare")


def _share(head: str | Markup, estimate: Interval) -> Bar:
    value, low, high = estimate["value"], estimate["low"], estimate["high"]
    spread = None if low is None or high is None else (low, high)
    if value is None:
        return Bar(head, 0.0, "–")
    return Bar(head, value, percent(value), spread=spread)
