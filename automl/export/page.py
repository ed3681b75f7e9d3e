"""The report as one HTML page: offline, without scripts, its first screen readable by anybody."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files

from automl.core.report import InputReport
from automl.core.study_report import StudyReport
from automl.export import evidence, tried, usage, verdict
from automl.export.compare import compare
from automl.export.doubts import sorted_out
from automl.export.markup import Child, Markup, figure, join, tag, user
from automl.export.prose import Prose, html
from automl.export.tables import folded, table
from automl.export.words import axes, decided, learned, meaning, title

STYLE = Markup((files(__package__) / "page.css").read_text("utf-8"))
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; base-uri 'none';"
    " form-action 'none'"
)
"""The page may use its own style and the pictures that stand in it; nothing from anywhere."""

FIRST_DOUBTS = 3
"""So many stand on the first screen."""
MOST_INPUTS = 200
MOST_MEMBERS = 50


def write(report: StudyReport) -> str:
    """Return the whole page."""
    target = report["task"]["target"]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", f"Predicting {target[:80]}"),
        tag("style", STYLE),
    )
    body = tag("body", tag("main", *_sections(report)))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _sections(report: StudyReport) -> Iterator[Markup]:
    yield from _first_screen(report)
    yield from _more_doubts(report)
    yield from tried.sections(report)
    yield from evidence.sections(report)
    yield from _inside(report)
    yield from _noted(report)
    yield from _use(report)


def _first_screen(report: StudyReport) -> Iterator[Markup]:
    study = report.get("study")
    yield tag("h1", "Predicting ", user(report["task"]["target"]))
    if study is not None:
        name = [user(study["name"]), " · "] if study["name"] else []
        yield tag("p", name, f"study {study['id']}, {study['status']}", class_="soft")
    lead, *more = list(verdict.good(report)) or [()]
    yield tag("div", tag("p", html(lead), class_="lead"), compare(report), class_="first")
    chosen = report["task"]["metric"]
    if report["metrics"].get(chosen, {"value": None})["value"] is not None:
        more = [*more, _aimed(report)]
    rows = (
        ("What was asked", [html(verdict.asked(report))]),
        ("The data", _joined(verdict.data(report))),
        ("How good it is", _joined(more)),
        ("How sure that is", _joined(verdict.sure(report))),
        ("What to distrust", list(_first_doubts(report))),
    )
    yield tag("dl", [_answer(head, body) for head, body in rows if body], class_="brief")


def _answer(head: str, body: Sequence[Child]) -> Markup:
    return tag("div", tag("dt", head), tag("dd", body))


def _joined(sentences: Sequence[Prose] | Iterator[Prose]) -> list[Markup]:
    return [join(html(sentence), " ") for sentence in sentences if sentence]


def _aimed(report: StudyReport) -> Prose:
    """Return the value of the metric that the search aimed for, beside that of guessing."""
    task, guess = report["task"], report.get("guess")
    alike = report["baseline"] if guess is None else guess["metrics"].get(task["metric"])
    better = "higher" if task["direction"] == "maximize" else "lower"
    beside = "" if alike is None else f"; guessing has {figure(alike)}"
    return (
        f"The search aimed for its {title(task['metric'])}, {figure(report['value'])}{beside}"
        f" ({better} is better).",
    )


def _first_doubts(report: StudyReport) -> Iterator[Child]:
    grave, noted = sorted_out(report)
    if grave:
        shown = grave[:FIRST_DOUBTS]
        yield tag("ul", [tag("li", item["message"]) for item in shown], class_="doubts")
    rest = len(grave) - FIRST_DOUBTS
    more = f"{rest} more doubts follow below. " if rest > 0 else ""
    notes = f" How the data were read is noted below ({len(noted)})." if noted else ""
    if not grave:
        yield "Nothing was noticed that makes the result doubtful."
    yield tag("p", f"{more}The figures hold as long as new rows come from where these came"
              f" from.{notes}", class_="note")  # fmt: skip


def _more_doubts(report: StudyReport) -> Iterator[Markup]:
    rest = sorted_out(report)[0][FIRST_DOUBTS:]
    if rest:
        yield tag("h2", "More to distrust")
        yield tag("ul", [tag("li", item["message"]) for item in rest], class_="doubts")


def _noted(report: StudyReport) -> Iterator[Markup]:
    noted = sorted_out(report)[1]
    task, data = report["task"], report["data"]
    yield tag("h2", "How the data were read")
    positive = task["positive"]
    if positive is not None:
        yield tag("p", "Of the two classes the one looked for is ", tag("em", user(positive)), ".")
    if data["folds"] > 1:
        yield tag("p", f"Candidates were compared on {data['folds']} folds ({data['strategy']}),"
                  " each row judged by a model that had not learned from it.")  # fmt: skip
    else:
        yield tag("p", f"Candidates were compared on rows held back from training"
                  f" ({data['strategy']}).")  # fmt: skip
    yield tag("p", f"The search aimed for the {title(task['metric'])}: {meaning(task['metric'])}.")
    if noted:
        yield tag("ul", [tag("li", item["message"]) for item in noted], class_="noted")
    inputs = report["inputs"]
    names = [join(tag("code", user(item["name"])), f" ({_kind(item)})") for item in
             inputs[:MOST_INPUTS]]  # fmt: skip
    if len(inputs) == 1:
        yield tag("p", "The model takes ", names[0], ".")
    elif names:
        rest = len(inputs) - MOST_INPUTS
        more = f" and {rest:,} more, which report.json lists" if rest > 0 else ""
        listed = tag("p", [join(", " if place else "", it) for place, it in enumerate(names)], more)
        yield folded(f"The {len(inputs):,} columns that the model takes", listed)


def _inside(report: StudyReport) -> Iterator[Markup]:
    members = report["members"]
    yield tag("h2", "What is inside")
    one = "The model is this candidate:" if len(members) == 1 else (
        f"The model is the weighted mean of {len(members)} candidates:"
    )  # fmt: skip
    yield tag("p", one)
    rows = [
        (
            verdict.percent(item["weight"]), tried.name(item["family"]), str(item["trial"]),
            figure(item["value"]), learned(report, item),
            _recipe(item["params"]),
        )
        for item in members[:MOST_MEMBERS]
    ]  # fmt: skip
    head = ("weight", "kind of model", "trial", "value", "learned from", "recipe")
    yield tag("div", table(head, rows, text={1, 4, 5}), class_="members")
    yield from (tag("p", text) for text in decided(report))
    yield from evidence.preview(report)
    parity = report["provenance"]["parity"]
    yield tag(
        "p",
        "The file's predictions were compared with the trained model's before it was handed out:"
        f" they differ by {figure(parity, digits=2)} at most.",
        class_="note",
    )


def _use(report: StudyReport) -> Iterator[Markup]:
    study = report.get("study")
    yield tag("h2", "How to run it")
    for way in usage.ways(report):
        yield tag("p", way.told)
        yield tag("pre", way.lines)
    yield tag("h2", "How to reproduce it")
    yield tag("p", usage.repeats(report))
    if asked := usage.again(report):
        yield tag("p", "The request, for ", tag("code", "POST /v1/studies"), ":")
        yield tag("pre", asked)
    rows = [("seed", str(report["provenance"]["seed"])), ("made by", usage.versions(report))]
    facts = [(head, join(text)) for head, text in rows]
    facts += [(f"sha-256 of {head}", tag("code", digest)) for head, digest in usage.digests(report)]
    if study is not None:
        facts.append(("made", join(f"{study['created_at']} to {study['finished_at'] or '–'}")))
    yield tag("div", table(("", ""), facts, text={0, 1}), class_="facts")


def _kind(item: InputReport) -> str:
    return f"{item['kind']}, {axes(item)}" if axes(item) else item["kind"]


def _recipe(params: Mapping[str, object]) -> str:
    told = {
        name: f"{value:.3g}" if isinstance(value, float) else str(value)
        for name, value in params.items()
    }
    return ", ".join(f"{name} = {value}" for name, value in sorted(told.items()))
