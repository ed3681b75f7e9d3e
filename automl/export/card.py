"""The model card: what a stranger should know before using the file, as Markdown.

Reference:
    Mitchell et al., Model Cards for Model Reporting, 2019.
"""

from collections.abc import Iterator, Sequence
from typing import cast

from automl.core.report import Report
from automl.core.study_report import StudyReport
from automl.export import tried, usage, verdict
from automl.export.doubts import sorted_out
from automl.export.markup import figure
from automl.export.measures import told
from automl.export.prose import Prose, markdown, plain
from automl.export.words import axes, compared, decided, gap, learned, ordered, title

MOST_COLUMNS = 20
MOST_CLASSES = 50


def write(report: Report) -> str:
    """Return the card; users' words in it cannot act as Markdown or HTML."""
    return "\n".join(_lines(cast("StudyReport", report))) + "\n"


def _lines(report: StudyReport) -> Iterator[str]:
    yield f"# Predicting “{plain(report['task']['target'])}”"
    yield ""
    yield from _paragraph(*verdict.good(report))
    yield from _head("What was asked, of which data")
    yield from _paragraph(verdict.asked(report), *verdict.data(report))
    if sure := list(verdict.sure(report)):
        yield from _head("How sure that is")
        yield from _paragraph(*sure)
    yield from _doubts(report)
    yield from _metrics(report)
    yield from _classes(report)
    yield from _importance(report)
    yield from _head("What was tried")
    yield from tried.summary(report)
    yield ""
    yield from _table(*tried.rows(report))
    for text in compared(report):
        yield from ("", text)
    yield from _inside(report)
    yield from _inputs(report)
    yield from _use(report)


def _doubts(report: StudyReport) -> Iterator[str]:
    grave, noted = sorted_out(report)
    yield from _head("What to distrust")
    yield from (f"- {plain(item['message'])}" for item in grave)
    if not grave:
        yield "Nothing was noticed that makes the result doubtful."
    yield ""
    yield "The figures hold as long as new rows come from where these came from."
    if noted:
        yield from ("", "How the data were read:", "")
        yield from (f"- {plain(item['message'])}" for item in noted)


def _metrics(report: StudyReport) -> Iterator[str]:
    yield from _head("How good it is")
    source = "rows that the search never saw"
    if report["source"] != "test":
        source = "rows of the search, each judged by models that had not learned from it"
    yield f"Measured on {report['judged_rows']:,} {source}."
    yield ""
    chosen, guess = report["task"]["metric"], report.get("guess")
    alike = {chosen: report["baseline"]} if guess is None else guess["metrics"]
    metrics = report["metrics"]
    rows = [
        (
            title(name), figure(metrics[name]["value"]),
            f"{figure(metrics[name]['low'])} to {figure(metrics[name]['high'])}",
            figure(alike.get(name)), markdown(told(report, name)),
        )
        for name in ordered(metrics, chosen)
    ]  # fmt: skip
    head = ("metric", "value", "95 % interval", "guessing", "in words")
    yield from _table(head, rows, ours=False)
    yield ""
    yield f"The search aimed for the {plain(title(chosen))}."
    yield from gap(report)


def _classes(report: StudyReport) -> Iterator[str]:
    found = report["classification"]
    if found is None:
        return
    yield from _head("Class by class")
    rows = [
        (
            plain(str(item["label"])[:80]), f"{item['support']:,}", f"{item['recall']:.3f}",
            f"{item['precision']:.3f}", f"{item['f1']:.3f}",
        )
        for item in found["per_class"][:MOST_CLASSES]
    ]  # fmt: skip
    head = ("class", "rows", "found (recall)", "right when said (precision)", "F1")
    yield from _table(head, rows, ours=False)


def _importance(report: StudyReport) -> Iterator[str]:
    columns = report["importance"]["columns"][:MOST_COLUMNS]
    if not columns:
        return
    yield from _head("What it relies on")
    better = "falls" if report["task"]["direction"] == "maximize" else "rises"
    name = title(report["importance"]["metric"])
    yield f"By how much the {plain(name)} {better} when a column's cells are shuffled."
    yield ""
    rows = [
        (plain(item["column"][:80]), f"{figure(item['mean'])} ± {figure(item['std'], digits=2)}")
        for item in columns
    ]
    yield from _table(("column", better), rows, ours=False)


def _inside(report: StudyReport) -> Iterator[str]:
    yield from _head("What is inside")
    rows = [
        (
            str(item["trial"]), tried.name(item["family"]), verdict.percent(item["weight"]),
            learned(report, item),
        )
        for item in report["members"]
    ]  # fmt: skip
    yield from _table(("trial", "kind of model", "weight", "learned from"), rows)
    for text in decided(report):
        yield from ("", text)


def _inputs(report: StudyReport) -> Iterator[str]:
    yield from _head("What it takes")
    rows = [
        (plain(item["name"]), f"{item['kind']}, {axes(item)}" if axes(item) else item["kind"])
        for item in report["inputs"]
    ]
    yield from _table(("column", "kind"), rows, ours=False)
    if not any(map(axes, report["inputs"])):
        yield ""
        yield "A missing cell and a category never seen predict too."


def _use(report: StudyReport) -> Iterator[str]:
    yield from _head("How to run it")
    for place, way in enumerate(usage.ways(report)):
        yield from (*([""] if place else []), plain(way.told), "")
        yield from _code(way.lines)
    yield from _head("How to reproduce it")
    yield usage.repeats(report)
    if asked := usage.again(report):
        yield from ("", "The request, for `POST /v1/studies`:", "")
        yield from _code(asked)
    facts = report["provenance"]
    yield ""
    yield f"- seed: {facts['seed']}"
    yield f"- made by: {plain(usage.versions(report))}"
    yield from (f"- sha-256 of {plain(head)}: {digest}" for head, digest in usage.digests(report))
    yield f"- largest difference between the file and the trained model: {facts['parity']:.1e}"


def _head(text: str) -> tuple[str, str, str]:
    return "", f"## {text}", ""


def _paragraph(*sentences: Prose) -> Iterator[str]:
    yield from map(markdown, sentences)


def _code(text: str) -> Iterator[str]:
    """Yield lines that are code by their indentation: no fence that a name could end."""
    yield from (f"    {line}" for line in text.splitlines())


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, ours: bool = True
) -> Iterator[str]:
    """Yield a table; cells that are not ``ours`` alone are Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        cells = [plain(cell) if ours else cell for cell in row]
        yield f"| {' | '.join(cells)} |"
