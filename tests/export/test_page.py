"""The page: nothing from outside, nothing that runs, whatever the data are called."""

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from typing_extensions import override

from automl.core.catalog import FamilyName, MetricName, TaskType, TrialState, ValidationStrategy
from automl.core.decision import Decision
from automl.core.formula import most_probable
from automl.core.model import Estimate, Exclusion, Member, ModelCard
from automl.core.report import (
    ColumnImportance,
    Example,
    InputReport,
    Report,
    Rival,
    Seen,
    Warned,
)
from automl.core.study import Budget, Plan, StudySpec, TaskSpec
from automl.core.study_report import StudyFacts, StudyReport, Tried
from automl.core.trial import Candidate, Trial
from automl.export import card as model_card
from automl.export import charts, page, report
from automl.export.importance import Importance
from automl.export.markup import tag, user

EVIL = (
    "</title><script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)>",
    '"><svg onload=alert(1)>\u202egnp.exe',
    "a | b\n# heading [x](javascript:alert(1)) `code` =cmd|'/c calc'!A1 \x1b[31m",
)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    @override
    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _found(labels: tuple[str, ...]) -> Report:
    outputs = max(1, len(labels))
    random = np.random.default_rng(0)
    judged = random.random((60, outputs))
    truth = np.arange(60) % outputs if labels else random.random(60)
    judged = judged / judged.sum(axis=1, keepdims=True) if labels else judged
    name = MetricName.LOG_LOSS if labels else MetricName.RMSE
    plan = Plan(
        task=TaskType.CLASSIFICATION if labels else TaskType.REGRESSION,
        target=EVIL[0],
        metric=name,
        positive=1 if len(labels) == 2 else None,
        classes=labels,
        features=EVIL,
        families=(FamilyName.MLP,),
        strategy=ValidationStrategy.HOLDOUT,
        folds=1,
        rows=60,
        test_rows=0,
        dropped_rows=3,
        baseline=float("nan"),
        warnings=(("EVIL", EVIL[0]),),
    )
    nan = float("nan")
    made = ModelCard(
        task=plan.task,
        target=plan.target,
        metric=name,
        value=0.5,
        source="out_of_fold",
        metrics={name: Estimate(0.5, 0.4, 0.6), MetricName.ACCURACY: Estimate(nan, nan, nan)},
        members=(Member(0, FamilyName.MLP, 1.0),),
        inputs=(),
        classes=labels,
        parity=1e-7,
        excluded=(Exclusion(1, float("inf"), EVIL[1]),),
        decision=Decision(1.25, (0.7, 0.3) if len(labels) == 2 else ()),
    )
    columns = tuple(ColumnImportance(column=name, mean=0.1, std=0.2) for name in EVIL)
    trial = Trial("st", 0, TrialState.COMPLETE, Candidate(FamilyName.MLP, {"x": EVIL[0]}), 0.4)
    return report.build(
        report.Findings(
            plan=plan,
            card=replace(made),
            truth=truth,
            judged=judged,
            labels=most_probable(judged),
            y=truth,
            trials=[trial],
            importance=Importance(60, columns, 1),
            rivals=[_rival(number, number < 13) for number in range(15)],
            warnings=list(plan.warnings),
            spec=StudySpec("ds", TaskSpec(plan.task, plan.target), Budget(trials=1)),
            dataset_sha256="d",
            spec_sha256="s",
            content=b"onnx",
        )
    )


def _rival(number: int, alike: bool) -> Rival:
    return Rival(trial=number, family="mlp", value=0.4, behind=0.1 * number, alike=alike)


def _study(found: Report) -> StudyReport:
    facts = StudyFacts(
        id="st_1",
        name=EVIL[0],
        status="succeeded",
        dataset_id="ds_1",
        dataset=EVIL[1],
        model_id="mdl_1",
        budget={"seconds": 60.0, "trials": None},
        elapsed_seconds=61.2,
        created_at="2026-01-01T00:00:00Z",
        finished_at=None,
    )
    tried = Tried(family="mlp", trials=3, complete=1, pruned=1, failed=1, best=None, seconds=12.0)
    return cast("StudyReport", {**found, "study": facts, "tried": [tried]})


@pytest.mark.parametrize(
    "labels", [EVIL[:2], EVIL, (), tuple(f"class {EVIL[0]} {n}" for n in range(40))]
)
def test_hostile_names_are_inert_and_nothing_comes_from_outside(labels: tuple[str, ...]) -> None:
    for given in (_study(_found(labels)), cast("StudyReport", _found(labels))):
        text = page.write(given)
        reader = _Reader()
        reader.feed(text)
        reader.close()
        assert not {"script", "img", "link", "iframe", "object", "a", "form", "base"} & {
            *reader.tags
        }
        for name, value in reader.attributes:
            assert not name.startswith("on"), name
            assert name not in {"src", "href", "style", "xlink:href", "action"}, name
            assert "url(" not in value
        assert reader.tags.count("style") == 1
        assert "url(" not in page.STYLE
        assert "@import" not in page.STYLE
        assert any("<script>alert(1)</script>" in part for part in reader.text)
        assert "\x1b" not in text


SEEN: dict[str, Seen] = {
    "image": Seen(picture="iVBORw0KGgo="),
    "series": Seen(lines=[[0.0, 1.5, None, 2.0], [None] * 4, [1.0]]),
    "text": Seen(text=EVIL[0]),
}


def _of_arrays(kind: str, labels: tuple[str, ...]) -> Report:
    found = _found(labels)
    found["data"]["modality"], found["data"]["shape"] = kind, [28, 28]
    found["importance"]["columns"] = []
    found["inputs"] = [InputReport(name="X", kind=kind, shape=[28, 28], dtype="uint8")]
    if kind == "text":
        found["inputs"] = [InputReport(name=EVIL[0], kind=kind)]
    found["examples"] = [
        Example(
            seen=SEEN[kind],
            right=right,
            actual=labels[0] if labels else 1.25,
            predicted=labels[not right] if labels else 7.0,
            probability=0.875 if labels else None,
        )
        for right in (True, False)
    ]
    return found


@pytest.mark.parametrize("kind", SEEN)
@pytest.mark.parametrize("labels", [EVIL, ()])
def test_rows_to_look_at_are_inert(kind: str, labels: tuple[str, ...]) -> None:
    text = page.write(_study(_of_arrays(kind, labels)))
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert not {"script", "link", "iframe", "object", "a", "form", "base"} & {*reader.tags}
    addresses = [value for name, value in reader.attributes if name == "src"]
    assert reader.tags.count("img") == len(addresses) == (2 if kind == "image" else 0)
    assert set(addresses) <= {"data:image/png;base64,iVBORw0KGgo="}
    for name, value in reader.attributes:
        assert not name.startswith("on"), name
        assert name not in {"href", "style", "xlink:href", "action"}, name
        assert "url(" not in value
    shown = "".join(reader.text)
    said = f"{labels[0][:39]}…, taken for " if labels else "1.25, predicted 7"
    assert said.replace("\n", " ") in shown.replace("\n", " ")
    assert ("<script>alert(1)</script>" in shown) or not (labels or kind == "text")
    if kind == "series":
        assert text.count('class="curve c0"') >= 4  # two rows of two stretches


def test_page_and_card_say_what_arrays_are_and_how_to_run_the_file() -> None:
    found = _of_arrays("image", ("a", "b"))
    for text in (page.write(cast("StudyReport", found)), model_card.write(found)):
        plain = text.replace("\\", "").replace("&#x27;", "'")
        assert "images of 28 × 28" in plain
        assert "image, n × 28 × 28, uint8" in plain
        assert "python predict.py rows.npz" in plain
        assert "numpy.zeros((1, 28, 28), 'uint8')" in plain
        assert " columns" not in (plain.partition("</style>")[2] or plain)
        assert "What it relies on" not in plain
        assert "category never seen" not in plain
    tables = page.write(cast("StudyReport", _found(("a", "b"))))
    assert "predict.py rows.csv" in tables
    assert "What it gets" not in tables


def test_the_policy_allows_the_page_its_own_style_and_pictures_alone() -> None:
    text = page.write(cast("StudyReport", _found(EVIL)))
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.POLICY.startswith(
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;"
    )
    assert page.POLICY.replace("'", "&#x27;") in text


def test_a_report_is_json_without_numbers_that_are_none() -> None:
    content = report.write(_found(EVIL))
    assert b"NaN" not in content
    assert b"Infinity" not in content
    assert content == report.write(_found(EVIL))


def test_the_card_holds_no_foreign_markdown() -> None:
    text = model_card.write(_found(EVIL))
    assert "<script>" not in text
    assert "](javascript" not in text
    assert "\n# heading" not in text
    assert "\x1b" not in text


def test_page_and_card_tell_how_the_model_decides_and_what_chance_may_be() -> None:
    found = _found(("no", "yes"))
    for text in (page.write(cast("StudyReport", found)), model_card.write(found)):
        plain = text.replace("\\", "").replace("&#x27;", "'")
        assert "less sure than the members' mean, by a temperature of 1.25" in plain
        assert "predicted from a probability of 0.3 on" in plain
        assert "Of the 15 best trials 12 cannot be told apart from the best, trial 0" in plain
        assert "2 more" in plain
        assert "the rows that did not judge it" in plain
        assert "The search's own best log loss was 0.4; the final rows say 0.5." in plain


def test_page_and_card_tell_what_the_weights_are_of_and_what_one_below_zero_means() -> None:
    found = _found(("no", "yes"))
    texts = "logarithms of the members", "A weight below zero takes back"
    for text in (page.write(cast("StudyReport", found)), model_card.write(found)):
        assert not any(told in text for told in texts)
    found["geometric"] = True
    found["members"].append({**found["members"][0], "trial": 5, "weight": -0.35})
    for text in (page.write(cast("StudyReport", found)), model_card.write(found)):
        assert all(told in text for told in texts)
        assert "\N{MINUS SIGN}35 %" in text


@pytest.mark.parametrize(
    ("fits", "times"), [(8, "8 times"), (2, "2 of 8 times"), (None, "up to 8 times")]
)
def test_page_and_card_tell_how_many_fits_of_a_member_the_file_holds(
    fits: int | None, times: str
) -> None:
    found = _found(())
    found["data"]["folds"] = 8
    found["members"][0]["learned"] = "folds"
    found["members"][0]["fits"] = fits
    for text in (page.write(cast("StudyReport", found)), model_card.write(found)):
        assert f"all rows but a fold, {times}" in text


@pytest.mark.parametrize("labels", [("no", "yes"), ("a", "b", "c"), ()])
def test_a_report_of_an_earlier_version_has_its_page(labels: tuple[str, ...]) -> None:
    found = _found(labels)
    del found["decision"], found["rivals"], found["members"][0]["learned"]
    del found["members"][0]["fits"]
    del found["guess"], found["bests"], found["request"], found["data"]["target"]
    facts = found["provenance"]
    del facts["versions"], facts["model_sha256"], facts["model_bytes"]
    if found["classification"] is not None:
        for curve in found["classification"]["curves"]:
            del curve["cuts"], curve["rows"], curve["positives"]
    assert "temperature" not in page.write(cast("StudyReport", found))
    assert "temperature" not in model_card.write(found)


@pytest.mark.parametrize("labels", [("no", "yes"), ("a", "b", "c"), ()])
def test_a_report_that_was_read_back_has_the_same_page(labels: tuple[str, ...]) -> None:
    found = _found(labels)
    again = json.loads(report.write(found))
    assert page.write(_study(again)) == page.write(_study(found))
    assert model_card.write(again) == model_card.write(found)


@pytest.mark.parametrize("labels", [("no", "yes"), tuple(f"class {n}" for n in range(20)), ()])
def test_pictures_have_a_title_or_stand_beside_their_number(labels: tuple[str, ...]) -> None:
    text = page.write(_study(_found(labels)))
    pictures = re.findall("<svg(.*?)>(.{0,7})", text)
    assert pictures
    for attributes, begin in pictures:
        assert begin == "<title>" or 'aria-hidden="true"' in attributes
    tables = re.findall("<table.*?</table>", text, re.DOTALL)
    assert len(tables) > 5
    assert all("<th" in found for found in tables)
    for folded in re.findall("<details[^>]*>(.*?)</details>", text, re.DOTALL):
        assert folded.startswith("<summary>")


def test_the_first_screen_answers_before_the_details_begin() -> None:
    text = page.write(_study(_found(("no", "yes"))))
    first, _, rest = text.partition("<h2>")
    for head in ("What was asked", "The data", "How sure that is", "What to distrust"):
        assert (f"<dt>{head}</dt>" in first) == (head != "How sure that is")  # it has no estimate
    assert "<strong>11 of 30</strong>" in first
    for head in ("What was tried", "How good it is", "What is inside", "How to run it"):
        assert f"{head}</h2>" in rest


def test_page_and_card_tell_how_to_run_and_to_ask_again() -> None:
    found = _study(_found(("no", "yes")))
    text, card = page.write(found), model_card.write(found)
    for lines in (text.replace("&quot;", '"').replace("&#x27;", "'"), card):
        assert "python predict.py rows.csv" in lines
        assert 'automl.load("bundle.zip").predict(pandas.read_csv("rows.csv"))' in lines
        assert '"$AUTOML_URL/v1/models/mdl_1/predict"' in lines
        assert '"dataset_id": "ds_1"' in lines
        assert '"trials": 1' in lines
        assert "byte for byte" in lines
        assert hashlib.sha256(b"onnx").hexdigest() in lines
    assert "MODEL is its id there" in page.write(cast("StudyReport", _found(("no", "yes"))))


def test_a_page_of_very_much_stays_small() -> None:
    found = _found(tuple(f"{number} {'x' * 300}" for number in range(200)))
    found["inputs"] = [InputReport(name=f"{n} {'y' * 300}", kind="numeric") for n in range(10_000)]
    column = found["importance"]["columns"][0]
    found["importance"]["columns"] = [column] * 10_000
    found["warnings"] = [Warned(code="EVIL", message="z" * 300)] * 50
    assert len(page.write(_study(found)).encode()) < 500_000


def test_markup_escapes_what_is_not_markup() -> None:
    assert tag("p", "<b>", tag("b", 1), class_='"x') == '<p class="&quot;x">&lt;b&gt;<b>1</b></p>'
    assert user("<i>" + "x" * 100) == f"<bdi>&lt;i&gt;{'x' * 76}…</bdi>"


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-3.7, 12.2), (1e-9, 3e-9), (1e6, 7e6), (5, 5), (-1e300, 1e300)]
)
def test_ticks_are_few_round_and_within(low: float, high: float) -> None:
    found = charts.ticks(low, high)
    assert 1 <= len(found) <= 8
    assert all(low <= value <= high or low == high for value in found)


def test_the_page_can_be_written_to_a_file(tmp_path: Path) -> None:
    text = page.write(_study(_found(())))
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    assert text.startswith("<!doctype html>")
