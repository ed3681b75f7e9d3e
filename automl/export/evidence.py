"""The results on the page: metrics, what is taken for what, curves, what the model relies on."""

from collections.abc import Iterator

from automl.core.report import Example, RegressionReport, Report, Seen
from automl.export import charts
from automl.export.classes import classes
from automl.export.markup import Markup, figure, join, tag, user
from automl.export.measures import told
from automl.export.prose import html
from automl.export.tables import Bar, bars, folded, table
from automl.export.words import gap, ordered, title

MOST_COLUMNS = 20


def sections(report: Report) -> Iterator[Markup]:
    """Yield what backs the verdict."""
    yield tag("h2", "How good it is")
    yield from _metrics(report)
    if report["classification"] is not None:
        yield from classes(report, report["classification"])
    if report["regression"] is not None:
        yield from _regression(report["regression"])
    yield from _examples(report)
    yield from _importance(report)


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


def _metrics(report: Report) -> Iterator[Markup]:
    source = (
        "rows that the search never saw"
        if report["source"] == "test"
        else "rows of the search, each judged by models that had not learned from it"
    )
    yield tag("p", f"Measured on {report['judged_rows']:,} {source}. The interval holds the true"
              " value with 95 % confidence, as far as new data are like these; guessing is what"
              f" {_guessing(report)} would reach. The first row is what the search aimed"
              " for.")  # fmt: skip
    chosen = report["task"]["metric"]
    metrics = {name: it for name, it in report["metrics"].items() if it["value"] is not None}
    guess = report.get("guess")
    alike = {chosen: report["baseline"]} if guess is None else guess["metrics"]
    rows = [
        (
            title(name), figure(metrics[name]["value"]),
            f"{figure(metrics[name]['low'])} – {figure(metrics[name]['high'])}",
            figure(alike.get(name)), html(told(report, name)),
        )
        for name in ordered(metrics, chosen)
    ]  # fmt: skip
    head = ("metric", "value", "95 % interval", "guessing", "in words")
    main = 0 if chosen in metrics else None
    yield tag("div", table(head, rows, text={0, 4}, main=main), class_="metrics")
    lost = [title(name) for name in report["metrics"] if name not in metrics]
    if lost:
        yield tag("p", f"Could not be computed of these rows: {', '.join(lost)}.", class_="note")
    yield from (tag("p", text, class_="note") for text in gap(report))


def _guessing(report: Report) -> str:
    if report["classification"] is None:
        return "always saying the mean"
    return "always saying the most frequent class, with the classes' shares as probabilities,"


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
        (f"{100 * float(share):g} %", figure(value))
        for share, value in found["residual_quantiles"].items()
    ]
    rows.append(("mean", figure(found["residual_mean"])))
    listed = table(("of the rows", "predicted − actual is below"), rows)
    yield folded("The errors in numbers", listed)


def _examples(report: Report) -> Iterator[Markup]:
    found = report.get("examples", [])
    heads = (
        ("What it gets right: rows of each class, as sure as most", True),
        ("What it gets wrong: the surest of the most frequent mistakes", False),
    )
    if report["classification"] is None:
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
    columns = found["columns"][:MOST_COLUMNS]
    if not columns:
        return
    yield tag("h2", "What it relies on")
    better = "falls" if report["task"]["direction"] == "maximize" else "rises"
    seen = "" if found["rows_from"] == "test" else " These rows it had learned from."
    yield tag(
        "p",
        f"By how much the {title(found['metric'])} {better} when a column's cells are shuffled"
        f" among the rows ({found['repeats']} times, {found['rows']:,} rows; ± is the spread of"
        f" these).{seen} Columns that say the same share their importance. It tells what the model"
        " uses, not what causes what.",
    )
    rows = [
        Bar(
            user(item["column"]),
            item["mean"],
            f"{figure(item['mean'], digits=3)} ± {figure(item['std'], digits=2)}",
            spread=(item["mean"] - item["std"], item["mean"] + item["std"]),
        )
        for item in columns
    ]
    yield bars(rows, head=("column", better))
    rest = len(found["columns"]) - MOST_COLUMNS + found["left_out"]
    if rest > 0:
        yield tag("p", f"{rest:,} more columns matter less or were not looked at.", class_="note")
