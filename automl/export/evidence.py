"""The results on the page: the verdict in words, tables, curves and what the model relies on."""

from collections.abc import Collection, Iterator, Sequence

from automl.core.report import (
    ClassificationReport,
    Example,
    Number,
    RegressionReport,
    Report,
    Seen,
)
from automl.export import charts
from automl.export.markup import Child, Markup, figure, join, tag, user
from automl.export.words import gap, meaning, title

MOST_NUMBERS = 12
"""Up to so many classes the confusion matrix shows its counts."""
MOST_CLASSES = 30
MOST_COLUMNS = 20
MOST_SHARES = 8


def verdict(report: Report) -> Markup:
    """Return the result in words that need no machine learning."""
    if report["classification"] is not None:
        return _of_classes(report, report["classification"])
    if report["regression"] is not None:
        return _of_numbers(report, report["regression"])
    return Markup("")


def sections(report: Report) -> Iterator[Markup]:
    """Yield what backs the verdict."""
    yield tag("h2", "How good it is")
    yield from _metrics(report)
    if report["classification"] is not None:
        yield from _classification(report["classification"])
    if report["regression"] is not None:
        yield from _regression(report["regression"])
    yield from _examples(report)
    yield from _importance(report)


def hyperparameters(report: Report) -> Iterator[Markup]:
    """Yield which hyperparameters went with the differences between trials."""
    figures = []
    for item in report["families"]:
        rows = [(share["name"], 100 * share["share"], None) for share in item["hyperparameters"]]
        rows = [row for row in rows if row[1] >= 1][:MOST_SHARES]
        if rows:
            drawn = charts.bars(rows, title=f"Hyperparameters of {item['family']}")
            trials = f"its {item['complete']} trials"
            text = f"{item['family']}: part of the differences between {trials}, %"
            figures.append(tag("figure", drawn, tag("figcaption", text)))
    if figures:
        yield tag("h3", "Which settings mattered")
        yield tag("div", figures, class_="charts wide")


def preview(report: Report) -> Iterator[Markup]:
    """Yield what training rows looked like to a network that had them varied."""
    found = report.get("preview")
    if not found:
        return
    yield tag("h3", f"What trial {found['trial']} learned from")
    yield tag(
        "p",
        "Its training rows were varied anew each time that it saw them: moved, mirrored, partly"
        " hidden or mixed, as its recipe says. Some of them before, and what became of them:",
    )
    for seen in (found["before"], found["after"]):
        yield tag("div", [tag("figure", _row(row)) for row in seen], class_="examples")


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[Child]],
    *,
    text: Collection[int] = (0,),
    main: int | None = None,
) -> Markup:
    """Return a table; the columns ``text`` are words, the others numbers."""
    kinds = [None if index in text else "n" for index in range(len(head))]
    top = tag("tr", [tag("th", name, class_=kind) for name, kind in zip(head, kinds, strict=True)])
    body = [
        tag(
            "tr",
            [tag("td", cell, class_=kind) for cell, kind in zip(row, kinds, strict=True)],
            class_="main" if index == main else None,
        )
        for index, row in enumerate(rows)
    ]
    head_row = tag("thead", top) if any(head) else Markup("")
    return tag("div", tag("table", head_row, tag("tbody", body)), class_="scroll")


def _of_classes(report: Report, found: ClassificationReport) -> Markup:
    accuracy = report["metrics"].get("accuracy")
    support = [item["support"] for item in found["per_class"]]
    likely = max(support) / max(1, sum(support))
    if accuracy is None or accuracy["value"] is None:
        return Markup("")
    low, high = _percent(accuracy["low"]), _percent(accuracy["high"])
    return join(
        "The model is right about ",
        tag("strong", f"{_percent(accuracy['value'])} of 100"),
        f" rows (with 95 % confidence between {low} and {high}). Always saying the most frequent"
        f" class would be right about {_percent(likely)}.",
    )


def _of_numbers(report: Report, found: RegressionReport) -> Markup:
    half, most = (figure(found["within"][part], digits=3) for part in ("0.5", "0.9"))
    r2 = report["metrics"].get("r2")
    part = None if r2 is None else r2["value"]
    told = ""
    if part is not None:
        told = f" It explains {_percent(max(0.0, part))} % of the differences in the target."
    return join(
        "Half of the predictions are off by less than ",
        tag("strong", half),
        f", nine of ten by less than {most}.{told}",
    )


def _percent(value: Number) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.0f}" if 0.005 < value < 0.995 else f"{100 * value:.2g}"


def _metrics(report: Report) -> Iterator[Markup]:
    source = (
        "rows that the search never saw"
        if report["source"] == "test"
        else "rows of the search, each judged by models that had not seen it"
    )
    yield tag("p", f"Measured on {report['judged_rows']:,} {source}. The interval holds the true"
              " value with 95 % confidence, as far as new data are like these.")  # fmt: skip
    metrics = {name: it for name, it in report["metrics"].items() if it["value"] is not None}
    rows = [
        (
            title(name), figure(item["value"]), f"{figure(item['low'])} – {figure(item['high'])}",
            meaning(name),
        )
        for name, item in metrics.items()
    ]  # fmt: skip
    chosen = report["task"]["metric"]
    main = list(metrics).index(chosen) if chosen in metrics else None
    head = ("metric", "value", "95 % interval", "what it says")
    yield tag("div", table(head, rows, text={0, 3}, main=main), class_="metrics")
    yield from (tag("p", text, class_="note") for text in gap(report))


def _classification(found: ClassificationReport) -> Iterator[Markup]:
    yield tag("h3", "What is taken for what")
    labels = [str(label) for label in found["classes"]]
    if found["confusion"] is not None:
        numbers = len(labels) <= MOST_NUMBERS
        drawn = charts.matrix(labels, found["confusion"], numbers=numbers)
        yield tag("div", drawn, class_="scroll")
        yield tag("p", "True classes down, predicted ones across; the diagonal is right.",
                  class_="note")  # fmt: skip
    if len(labels) > 2 and found["confused"]:
        mistakes = [
            (user(item["actual"]), user(item["predicted"]), f"{item['rows']:,}")
            for item in found["confused"][:10]
        ]
        wrong = table(("actually", "taken for", "rows"), mistakes, text={0, 1})
        yield tag("details", tag("summary", "The most frequent mistakes"), wrong)
    rows = [
        (
            user(item["label"]), f"{item['precision']:.3f}", f"{item['recall']:.3f}",
            f"{item['f1']:.3f}", f"{item['support']:,}",
        )
        for item in found["per_class"][:MOST_CLASSES]
    ]  # fmt: skip
    listed = table(("class", "precision", "recall", "F1", "rows"), rows)
    few = len(rows) <= MOST_NUMBERS
    yield listed if few else tag("details", tag("summary", "Class by class"), listed)
    if len(found["per_class"]) > MOST_CLASSES:
        rest = len(found["per_class"]) - MOST_CLASSES
        yield tag("p", f"{rest:,} more classes stand in the JSON report.", class_="note")
    yield from _curves(found)


def _curves(found: ClassificationReport) -> Iterator[Markup]:
    shown = found["curves"]
    if not shown:
        return
    yield tag("h3", "How well it ranks, and whether its probabilities can be believed")
    if len(shown) > 1:
        yield tag("ul", [_key(place, item["label"]) for place, item in enumerate(shown)],
                  class_="legend")  # fmt: skip
    else:
        yield tag("p", "For the class ", user(shown[0]["label"]), ":", class_="note")
    single = len(shown) == 1
    area = f" Area {figure(shown[0]['roc_auc'])}." if single else ""
    mean = f" Average precision {figure(shown[0]['average_precision'])}." if single else ""
    roc = charts.lines(
        [item["roc"] for item in shown],
        labels=("false alarms (false positive rate)", "found (true positive rate)"),
        title="ROC curve",
        diagonal=True,
    )
    ranked = charts.lines(
        [item["precision_recall"] for item in shown],
        labels=("found (recall)", "right when said (precision)"),
        title="Precision–recall curve",
        diagonal=False,
    )
    bins = [[(bin_["predicted"], bin_["observed"]) for bin_ in item["calibration"]]
            for item in shown]  # fmt: skip
    believed = charts.lines(
        bins,
        labels=("predicted probability", "how often it was so"),
        title="Calibration",
        diagonal=True,
        dots=True,
    )
    yield tag(
        "div",
        tag("figure", roc, tag("figcaption", f"ROC: far above the diagonal is good.{area}")),
        tag("figure", ranked, tag("figcaption", f"Precision–recall: high is good.{mean}")),
        tag("figure", believed, tag("figcaption", "Calibration: near the diagonal is honest.")),
        class_="charts",
    )


def _key(place: int, label: str | int) -> Markup:
    line = tag("line", x1=0, y1=6, x2=22, y2=6, class_=f"curve c{place}")
    return tag("li", tag("svg", line, viewBox="0 0 22 12"), user(label, most=30))


def _regression(found: RegressionReport) -> Iterator[Markup]:
    yield tag("h3", "How far off it is")
    picture = charts.scatter(found["points"], labels=("actual", "predicted"))
    errors = charts.histogram(found["residuals"], labels=("predicted − actual", "rows"))
    yield tag(
        "div",
        tag("figure", picture, tag("figcaption", "On the diagonal the prediction is exact.")),
        tag("figure", errors, tag("figcaption", "Errors; a middle off zero would be a bias.")),
        class_="charts",
    )
    rows = [
        (f"{float(share):.0%}", figure(value))
        for share, value in found["residual_quantiles"].items()
    ]
    listed = table(("of the rows", "predicted − actual is below"), rows)
    yield tag("details", tag("summary", "Quantiles of the error"), listed)


def _examples(report: Report) -> Iterator[Markup]:
    found = report.get("examples", [])
    if not found:
        return
    classes = report["classification"] is not None
    heads = (
        ("What it gets right: rows of each class, as sure as most", True),
        ("What it gets wrong: the surest of the most frequent mistakes", False),
    )
    if not classes:
        heads = (("The nearest predictions", True), ("The farthest ones", False))
    for head, right in heads:
        shown = [_example(item) for item in found if item["right"] is right]
        if shown:
            yield tag("h3", head)
            yield tag("div", shown, class_="examples")


def _example(item: Example) -> Markup:
    actual = _said(item["actual"])
    if item["probability"] is None:
        told = join(actual, ", predicted ", _said(item["predicted"]))
    elif item["right"]:
        told = join(actual, f" ({100 * item['probability']:.3g}\u00a0%)")
    else:
        predicted = _said(item["predicted"])
        told = join(actual, ", taken for ", predicted, f" ({100 * item['probability']:.3g}\u00a0%)")
    return tag("figure", _row(item["seen"]), tag("figcaption", told))


def _said(value: str | float) -> Markup:
    return join(figure(value)) if isinstance(value, float) else user(value, most=40)


def _row(seen: Seen) -> Markup:
    if "picture" in seen:
        return tag("img", src=f"data:image/png;base64,{seen['picture']}", alt="a row of the data")
    if "lines" in seen:
        return charts.spark(seen["lines"])
    return tag("blockquote", tag("bdi", seen.get("text", "")))


def _importance(report: Report) -> Iterator[Markup]:
    found = report["importance"]
    rows = [(item["column"], item["mean"], item["std"]) for item in found["columns"]]
    if not rows:
        return
    yield tag("h2", "What it relies on")
    better = "falls" if report["task"]["direction"] == "maximize" else "rises"
    seen = "" if found["rows_from"] == "test" else " These rows it had learned from."
    yield tag(
        "p",
        f"By how much the {title(found['metric'])} {better} when a column's cells are shuffled"
        f" ({found['repeats']} times, {found['rows']:,} rows).{seen} Columns that say the same"
        " share their importance.",
    )
    yield charts.bars(rows[:MOST_COLUMNS], title="Permutation importance of the columns")
    rest = len(rows) - MOST_COLUMNS + found["left_out"]
    if rest > 0:
        yield tag("p", f"{rest:,} more columns matter less or were not looked at.", class_="note")
