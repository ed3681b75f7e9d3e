"""The report as one HTML page: offline, without scripts, its first lines readable by anybody."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files

from automl.core.report import InputReport
from automl.core.study_report import StudyReport
from automl.export import evidence
from automl.export.markup import Child, Markup, figure, join, tag, user
from automl.export.words import (
    axes,
    command,
    compared,
    decided,
    learned,
    meaning,
    program,
    sources,
    title,
)

STYLE = Markup((files(__package__) / "page.css").read_text("utf-8"))
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; base-uri 'none';"
    " form-action 'none'"
)
"""The page may use its own style and the pictures that stand in it; nothing from anywhere."""


def write(report: StudyReport) -> str:
    """Return the whole page."""
    target = report["task"]["target"]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", f"Predicting {target}"),
        tag("style", STYLE),
    )
    body = tag("body", tag("main", *_sections(report)))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _sections(report: StudyReport) -> Iterator[Markup]:
    yield from _summary(report)
    yield from _doubts(report)
    yield from _question(report)
    yield from _search(report)
    yield from evidence.sections(report)
    yield from _inside(report)
    yield from _use(report)


def _summary(report: StudyReport) -> Iterator[Markup]:
    task = report["task"]
    yield tag("h1", "Predicting ", user(task["target"]))
    study = report.get("study")
    if study is not None:
        name = [user(study["name"]), " · "] if study["name"] else []
        yield tag("p", name, f"study {study['id']}, {study['status']}", class_="soft")
    yield tag("p", evidence.verdict(report), class_="lead")
    yield tag("div", *_tiles(report), class_="tiles")
    columns = [item for item in report["importance"]["columns"] if item["mean"] > 0][:3]
    if columns:
        names = _listed([tag("strong", user(item["column"])) for item in columns])
        yield tag("p", "It relies most on ", names, ".")


def _tiles(report: StudyReport) -> Iterator[Markup]:
    task = report["task"]
    chosen = report["metrics"].get(task["metric"])
    value, interval = figure(report["value"]), ""
    if chosen is not None:
        interval = f"between {figure(chosen['low'])} and {figure(chosen['high'])}"
    yield _tile(title(task["metric"]), value, interval, main=True)
    yield _tile("guessing alike", figure(report["baseline"]), "the same measure without a model")
    source = "never seen by the search" if report["source"] == "test" else "out of fold"
    yield _tile("judged on", f"{report['judged_rows']:,} rows", source)
    members = len(report["members"])
    yield _tile("the model", str(members), "member" if members == 1 else "members, weighted")


def _tile(head: str, value: str, foot: str, *, main: bool = False) -> Markup:
    return tag(
        "div", tag("span", head, class_="soft"), tag("b", value), tag("span", foot, class_="soft"),
        class_="tile main" if main else "tile",
    )  # fmt: skip


def _doubts(report: StudyReport) -> Iterator[Markup]:
    yield tag("h2", "What to distrust")
    found = report["warnings"]
    if found:
        yield tag("ul", [tag("li", item["message"]) for item in found], class_="doubts")
    else:
        yield tag("p", "Nothing was noticed.")


def _question(report: StudyReport) -> Iterator[Markup]:
    task = report["task"]
    kind = "the class" if task["type"] == "classification" else "the number"
    better = "higher" if task["direction"] == "maximize" else "lower"
    yield tag("h2", "What was asked, of which data")
    yield tag(
        "p", f"To predict {kind} in the column ", tag("strong", user(task["target"])),
        f" from {sources(report)}, judged by its {title(task['metric'])} ({better}"
        f" is better): {meaning(task['metric'])}.",
    )  # fmt: skip
    positive = task["positive"]
    if positive is not None:
        yield tag("p", "The class looked for is ", tag("strong", user(positive)), ".")
    yield tag("p", *_rows(report))


def _rows(report: StudyReport) -> Iterator[Child]:
    data, study = report["data"], report.get("study")
    if study is not None and study["dataset"]:
        yield join("The data set ", user(study["dataset"]), " gave ")
    else:
        yield "The data gave "
    yield f"{data['rows']:,} rows"
    if data["dropped_rows"]:
        yield f" ({data['dropped_rows']:,} more have no target)"
    if data["test_rows"]:
        yield f"; {data['test_rows']:,} were set aside before the search and read once at its end"
    elif report["source"] == "test":
        yield "; a test set of its own was read once at the end"
    if data["folds"] > 1:
        yield f". Candidates were compared on {data['folds']} folds, each row judged by a model"
        yield " that had not seen it."
    else:
        yield ". Candidates were compared on rows held back from training."


def _search(report: StudyReport) -> Iterator[Markup]:
    yield tag("h2", "What was tried")
    tried, study = report.get("tried"), report.get("study")
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    best = {item["family"]: item["best"] for item in report["families"]}
    if tried is None or study is None:
        head = ("family", "complete trials", "best")
        rows = [
            (item["family"], str(item["complete"]), figure(best[item["family"]]))
            for item in report["families"]
        ]
    else:
        spent = figure(study["elapsed_seconds"], digits=3)
        count = sum(item["trials"] for item in tried)
        kinds = "kind of model" if len(tried) == 1 else "kinds of models"
        yield tag("p", f"{count:,} candidates from {len(tried)} {kinds} in {spent} seconds.")
        head = ("family", "trials", "complete", "pruned", "failed", "best", "seconds of work")
        rows = [
            (
                item["family"], str(item["trials"]), str(item["complete"]), str(item["pruned"]),
                str(item["failed"]), figure(item["best"]), f"{item['seconds']:,.1f}",
            )
            for item in tried
        ]  # fmt: skip
    yield evidence.table(head, rows)
    yield from (tag("p", text) for text in compared(report))
    yield from evidence.hyperparameters(report)


def _inside(report: StudyReport) -> Iterator[Markup]:
    yield tag("h2", "What is inside")
    yield tag("p", "The model is the weighted mean of these candidates:")
    rows = [
        (
            f"{item['weight']:.1%}", item["family"], str(item["trial"]),
            figure(item["value"]), learned(report, item),
            ", ".join(f"{name} = {_value(value)}" for name, value in item["params"].items()),
        )
        for item in report["members"]
    ]  # fmt: skip
    yield evidence.table(
        ("weight", "family", "trial", "value", "learned from", "recipe"), rows, text={1, 4, 5}
    )
    yield from (tag("p", text) for text in decided(report))
    yield from evidence.preview(report)
    parity = report["provenance"]["parity"]
    yield tag(
        "p",
        f"File and trained model differ by {figure(parity, digits=2)} at most.",
        class_="note",
    )


def _use(report: StudyReport) -> Iterator[Markup]:
    facts, study = report["provenance"], report.get("study")
    yield tag("h2", "How to run it")
    file, line = command(report)
    yield tag("p", "The bundle's ", tag("code", "predict.py"), f" scores {file}:")
    yield tag("pre", line)
    if lines := program(report):
        yield tag("p", "In Python, the model file alone:")
        yield tag("pre", lines)
    names = [join(tag("code", user(item["name"])), f" ({_kind(item)})") for item in
             report["inputs"]]  # fmt: skip
    if len(names) == 1:
        yield tag("p", "It takes ", names[0], ".")
    else:
        listed = tag("p", _listed(names, last=", "))
        yield tag("details", tag("summary", f"The {len(names):,} columns it takes"), listed)
    yield tag("h2", "How to reproduce it")
    budget = "" if study is None else f", budget {_budget(study['budget'])}"
    yield tag(
        "p",
        f"Software automl {facts['software_version']}, seed {facts['seed']}{budget}. With a budget"
        " of trials alone, equal data and an equal request give equal bytes.",
    )
    digests = [
        ("data, sha-256", tag("code", facts["dataset_sha256"])),
        ("request, sha-256", tag("code", facts["spec_sha256"])),
    ]
    if study is not None:
        digests.append(("made", join(f"{study['created_at']} to {study['finished_at'] or '–'}")))
    yield evidence.table(("", ""), digests, text={0, 1})


def _kind(item: InputReport) -> str:
    return f"{item['kind']}, {axes(item)}" if axes(item) else item["kind"]


def _budget(budget: object) -> str:
    parts = budget if isinstance(budget, dict) else {}
    return " and ".join(f"{value:g} {name}" for name, value in parts.items() if value is not None)


def _value(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _listed(items: Sequence[Child], *, last: str = " and ") -> Markup:
    if len(items) < 2:
        return join(*items)
    some = [join(item, ", ") for item in items[:-2]]
    return join(*some, items[-2], last, items[-1])
