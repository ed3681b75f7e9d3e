"""The model card: what a stranger should know before using the file, as Markdown.

Reference:
    Mitchell et al., Model Cards for Model Reporting, 2019.
"""

import re
from collections.abc import Iterator

from automl.core.report import Interval, Report
from automl.export.words import (
    axes,
    command,
    compared,
    decided,
    gap,
    learned,
    program,
    sources,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~&-])")


def write(report: Report) -> str:
    """Return the card; users' words in it cannot act as Markdown or HTML."""
    return "\n".join(_lines(report)) + "\n"


def plain(text: object) -> str:
    """Return a user's text with everything escaped that Markdown would heed, in one line."""
    line = "".join(char if char.isprintable() else " " for char in str(text))
    return _SPECIAL.sub(r"\\\1", line)


def _lines(report: Report) -> Iterator[str]:
    task, data = report["task"], report["data"]
    yield f"# A model that predicts {plain(task['target'])}"
    yield ""
    file, line = command(report)
    yield f"A {task['type']} model, chosen by its {plain(task['metric'])} and ready to run:"
    yield f"`{line}` scores {file}."
    yield ""
    yield "## How good it is"
    yield ""
    source = "rows that the search never saw" if report["source"] == "test" else "out-of-fold rows"
    yield f"Measured on {report['judged_rows']:,} {source}."
    yield ""
    yield "| metric | value | 95 % interval |"
    yield "| --- | --- | --- |"
    for name, estimate in report["metrics"].items():
        yield f"| {plain(name)} | {_shown(estimate, 'value')} | {_interval(estimate)} |"
    baseline = report["baseline"]
    if baseline is not None:
        yield ""
        yield f"Always guessing alike would reach a {plain(task['metric'])} of {baseline:.4g}."
    yield ""
    yield from map(plain, gap(report))
    yield from _doubts(report)
    yield ""
    yield "## What it was made from"
    yield ""
    yield f"{data['rows']:,} rows, {data['test_rows']:,} of them set aside as a test;"
    yield f"{sources(report)}; {data['folds']} fold(s), {plain(data['strategy'])}."
    yield ""
    yield "## What is inside"
    yield ""
    yield "| trial | family | weight | learned from |"
    yield "| --- | --- | --- | --- |"
    for member in report["members"]:
        name, share = plain(member["family"]), f"{member['weight']:.1%}"
        yield f"| {member['trial']} | {name} | {share} | {learned(report, member)} |"
    for text in (*decided(report), *compared(report)):
        yield ""
        yield plain(text)
    yield from _inputs(report)
    yield from _provenance(report)


def _doubts(report: Report) -> Iterator[str]:
    yield ""
    yield "## What to distrust"
    yield ""
    for item in report["warnings"]:
        yield f"- {plain(item['message'])}"
    if not report["warnings"]:
        yield "Nothing was noticed."


def _inputs(report: Report) -> Iterator[str]:
    yield ""
    yield "## What it takes"
    yield ""
    yield "| column | kind |"
    yield "| --- | --- |"
    for item in report["inputs"]:
        kind = f"{item['kind']}, {axes(item)}" if axes(item) else item["kind"]
        yield f"| {plain(item['name'])} | {kind} |"
    yield ""
    if not any(map(axes, report["inputs"])):
        yield "A missing cell and a category never seen predict too."
    if lines := program(report):
        yield "In Python, the model file alone:"
        yield ""
        yield from (f"    {line}" for line in lines.splitlines())


def _provenance(report: Report) -> Iterator[str]:
    facts = report["provenance"]
    yield ""
    yield "## Where it comes from"
    yield ""
    yield f"- software: automl {plain(facts['software_version'])}, seed {facts['seed']}"
    yield f"- sha-256 of the data: {facts['dataset_sha256']}"
    yield f"- sha-256 of the request: {facts['spec_sha256']}"
    yield f"- largest difference between the file and the trained model: {facts['parity']:.1e}"


def _shown(estimate: Interval, part: str) -> str:
    value = {"value": estimate["value"], "low": estimate["low"], "high": estimate["high"]}[part]
    return "–" if value is None else f"{value:.4g}"


def _interval(estimate: Interval) -> str:
    return f"{_shown(estimate, 'low')} to {_shown(estimate, 'high')}"
