"""What a person learns of a model on its page, and does with it, in a real browser."""

import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from playwright.sync_api import Page, Route, expect

from automl.export.png import png
from tests.api.harness import Service, add_study, serving
from tests.web.results import CURVE, dataset, ended, report

EVIL = "<img src=x onerror=window.struck=1>\"'>\u202e</script>"
PICTURE = b64encode(png(np.eye(4, dtype=np.uint8) * 255)).decode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One server for all: each test looks at a study of its own."""
    with serving(tmp_path_factory.mktemp("data")) as running:
        yield running


def _open(page: Page, service: Service, written: dict[str, Any] | None) -> str:
    study = ended(service, written)
    page.goto(f"http://127.0.0.1:{service.port}/#/studies/{study.id}/result")
    expect(page.get_by_role("heading", name="try: the result")).to_be_visible()
    return study.id


def test_it_says_how_good_the_model_is_and_what_to_distrust(page: Page, service: Service) -> None:
    study_id = _open(page, service, report())
    expect(page).to_have_title("Result: try")
    expect(page.get_by_text("right about 75 of 100 rows (between 50 and 100)")).to_be_visible()
    expect(page.get_by_text("Measured out of fold: on 8 rows")).to_be_visible()
    row = page.get_by_role("row", name=re.compile("^log loss"))
    expect(row).to_contain_text("asked for")
    expect(row).to_contain_text("0.05 to 0.2")
    score = page.get_by_role("region", name="How good it is")
    expect(score).to_contain_text("Baseline0.69always the same guess")
    expect(score).to_contain_text("Gap0.05the search was too hopeful by this")
    expect(page.get_by_role("list", name="Doubts")).to_contain_text("mind the interval")
    made = page.get_by_role("region", name="What it is made of")
    expect(made).to_contain_text("the logarithms of the members' probabilities")
    expect(made).to_contain_text("less sure than the members' mean (temperature 1.25)")
    expect(made).to_contain_text("all rows but a fold, 2 times")
    expect(page.get_by_role("table", name="Settings of mlp")).to_contain_text("layers62 %")
    expect(page.get_by_role("table", name="Permutation importance")).to_contain_text("0.4 ± 0.05")
    page.get_by_role("link", name="the search").click()
    expect(page.get_by_role("heading", name="The model")).to_be_visible()
    page.get_by_role("link", name="The whole result").click()
    expect(page).to_have_url(re.compile(f"#/studies/{study_id}/result$"))
    page.get_by_role("link", name="0", exact=True).click()
    expect(page.locator("#trial-0")).to_be_in_viewport()


@pytest.mark.parametrize(("fits", "times"), [(1, "1 of 2 times"), (None, "up to 2 times")])
def test_a_member_says_how_many_of_its_fits_the_file_holds(
    fits: int | None, times: str, page: Page, service: Service
) -> None:
    written = report()
    written["members"][0]["fits"] = fits
    _open(page, service, written)
    made = page.get_by_role("region", name="What it is made of")
    expect(made).to_contain_text(f"all rows but a fold, {times}")


def test_the_headings_lead_to_their_parts(page: Page, service: Service) -> None:
    _open(page, service, report())
    page.get_by_role("button", name="Use it elsewhere").press("Enter")
    expect(page.get_by_role("heading", name="Use it elsewhere")).to_be_focused()
    expect(page.get_by_role("heading", name="Use it elsewhere")).to_be_in_viewport()


def test_a_guess_that_needs_no_model_stands_beside_each_metric(
    page: Page, service: Service
) -> None:
    guess = {"answer": "blue", "metrics": {"accuracy": 0.5, "log_loss": 0.693}, "within": {}}
    _open(page, service, report(guess=guess))
    expect(page.get_by_role("row", name=re.compile("^accuracy"))).to_contain_text("0.5 to 10.5")
    expect(page.get_by_text("The same guess is always blue")).to_be_visible()


@pytest.mark.parametrize(
    ("curve", "first", "lower"),
    [
        (CURVE | {"cuts": [(0.9, 2, 0), (0.4, 4, 2), (0.1, 4, 4)], "rows": 8, "positives": 4},
         "0.4", "0.1"),
        (CURVE, "2 of 5", "1 of 5"),
    ],
    ids=["with thresholds", "of an earlier version"],
)  # fmt: skip
def test_the_threshold_moves_the_counts_and_the_points(
    page: Page, service: Service, curve: dict[str, Any], first: str, lower: str
) -> None:
    found = report()
    found["classification"]["curves"] = [curve]
    _open(page, service, found)
    slider = page.get_by_role("slider", name="Threshold")
    counts = page.get_by_role("table", name="Rows at this threshold")
    told = page.get_by_label("At this threshold", exact=True)
    expect(page.locator("output")).to_have_text(first)
    expect(counts).to_contain_text("is one4 found0 missed")  # as in the confusion matrix
    expect(counts).to_contain_text("is none2 false alarms2 rightly not")
    expect(told).to_contain_text("Precision0.667")
    expect(told).to_contain_text("F10.8")
    roc = page.get_by_role("img", name=re.compile("^ROC"))
    before = roc.locator(".ring").get_attribute("cx")
    slider.press("Home")
    expect(counts).to_contain_text("is none4 false alarms0 rightly not")
    expect(told).to_contain_text("Precision0.5")
    assert roc.locator(".ring").get_attribute("cx") != before
    page.get_by_role("button", name="The model's own").click()
    slider.press("ArrowLeft")
    expect(page.locator("output")).to_have_text(lower)
    slider.press("End")
    expect(counts).to_contain_text("0 false alarms4 rightly not")
    slider_says = slider.get_attribute("aria-valuetext") or ""
    assert "finds " in slider_says


def test_of_many_classes_one_is_chosen(page: Page, service: Service) -> None:
    found = report()
    labels = ["blue", "green", "red"]
    found["classification"] |= {
        "classes": labels,
        "confusion": [[2, 1, 0], [0, 2, 1], [0, 0, 2]],
        "confused": [{"actual": "blue", "predicted": "green", "rows": 1}],
        "curves": [CURVE | {"label": label} for label in ("blue", "red")],
    }
    _open(page, service, found)
    expect(page.get_by_role("row", name="blue green 1 25 %")).to_be_visible()
    page.get_by_label("Class", exact=True).select_option("red")
    expect(page.get_by_text("probability of being red")).to_be_visible()
    expect(page.get_by_label("At this threshold", exact=True)).to_contain_text("F10.8")
    expect(page.get_by_role("button", name="The best F1")).to_be_disabled()


def test_errors_of_numbers_are_drawn(page: Page, service: Service) -> None:
    found = report(
        classification=None,
        decision=None,
        metrics={
            "rmse": {"value": 1.5, "low": 1.0, "high": 2.0},
            "r2": {"value": 0.5, "low": 0.4, "high": 0.6},
        },
        regression={
            "residual_quantiles": {"0.5": 0.1, "0.05": -2.0},
            "residual_mean": 0.25,
            "within": {"0.5": 0.75, "0.9": 3.0},
            "residuals": {"edges": [-2, -1, 0, 1], "counts": [1, 5, 2]},
            "points": [(1, 1.5), (2, 1.75), (4, 4.0)],
        },
    )
    found["task"] |= {"type": "regression", "metric": "rmse"}
    _open(page, service, found)
    expect(page.get_by_text("off by less than 0.75, nine of ten by less than 3")).to_be_visible()
    drawn = page.get_by_role("img", name=re.compile("^Predicted against actual. 3 rows"))
    expect(drawn.locator("circle")).to_have_count(3)
    bars = page.get_by_role("img", name=re.compile("^Errors")).locator("rect")
    expect(bars.locator("title")).to_have_text(["-2 to -1: 1", "-1 to 0: 5", "0 to 1: 2"])
    page.get_by_text("Quantiles of the error").click()
    expect(page.get_by_role("row", name="5 % -2")).to_be_visible()


def test_a_row_is_changed_and_predicted_as_one_types(page: Page, service: Service) -> None:
    _open(page, service, report())
    size, answer = page.get_by_label("size"), page.get_by_label("Prediction")
    expect(size).to_have_value("-2")
    expect(answer).to_contain_text("colour: blue")
    expect(answer).to_contain_text("the data say blue")
    expect(answer.get_by_role("table", name="Probabilities")).to_contain_text("blue said88.1 %")
    size.fill("2")
    expect(answer).to_contain_text("colour: red")
    expect(answer).not_to_contain_text("the data say")
    size.fill("large")
    problem = page.get_by_text("'size' takes a number, not 'large'.", exact=True)
    expect(problem).to_be_visible()
    expect(size).to_have_attribute("aria-invalid", "true")
    expect(size).to_have_accessible_description("'size' takes a number, not 'large'.")
    size.fill("1e1")
    expect(problem).to_have_count(0)
    expect(answer).to_contain_text("100 %")
    page.get_by_role("button", name="As it was").click()
    expect(size).to_have_value("-2")
    page.get_by_label("Row of the data").select_option("3")
    expect(size).to_have_value("2")
    expect(answer).to_contain_text("the data say red")


def test_its_speed_is_measured_when_somebody_asks(page: Page, service: Service) -> None:
    _open(page, service, report())
    expect(page.get_by_label("Prediction")).to_contain_text("colour: blue")
    asked: list[int] = []

    def count(route: Route) -> None:
        asked.append(len(json.loads(route.request.post_data or "")["rows"]))
        route.continue_()

    page.route("**/predict", count)
    page.get_by_role("button", name="Measure its speed").click()
    said = re.compile(r"One row takes [\d.]+ ms, 1000 rows at once [\d.]+ ms\.")
    expect(page.get_by_role("region", name="Try it")).to_contain_text(said)
    assert asked == [1] * 9 + [1000] * 9
    page.unroute("**/predict")
    refused = {"detail": "It is gone.", "errors": []}
    page.route("**/predict", lambda route: route.fulfill(status=404, json=refused))
    page.get_by_role("button", name="Measure its speed").click()
    expect(page.get_by_role("alert")).to_contain_text("It is gone.")


def test_the_last_answer_wins(page: Page, service: Service) -> None:
    _open(page, service, report())
    answer = page.get_by_label("Prediction")
    expect(answer).to_contain_text("colour: blue")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if json.loads(route.request.post_data or "")["rows"][0]["size"] == 5:
            held.append(route)
        else:
            route.continue_()

    page.route("**/predict", hold)
    with page.expect_request("**/predict"):
        page.get_by_label("size").fill("5")
    page.get_by_label("size").fill("-9")
    expect(answer).to_contain_text("100 %")
    expect(answer).to_contain_text("colour: blue")
    assert len(held) == 1  # dropped by the page; answering it now would come to nothing


def test_a_file_and_commands_are_taken_away(page: Page, service: Service, tmp_path: Path) -> None:
    _open(page, service, report())
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download model").click()
    waiting.value.save_as(tmp_path / "model.onnx")
    onnx.checker.check_model(str(tmp_path / "model.onnx"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy: Python, with the file alone").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['blue']"
    command = page.get_by_label("Shell", exact=True).inner_text()
    assert """-d '{"rows": [{"size":-2}]}'""" in command
    expect(page.get_by_label("Python, with this service", exact=True)).to_contain_text(
        'print(study.predict([{"size": -2}]))'
    )


def _example(seen: dict[str, str], actual: str, predicted: str) -> dict[str, Any]:
    right = actual == predicted
    said = {"right": right, "actual": actual, "predicted": predicted, "probability": 0.9}
    return {"seen": seen, **said}


def _of_images(page: Page) -> None:
    """Answer as if the model took images of four by four."""

    def model(route: Route) -> None:
        answer = route.fetch()
        inputs = [{"name": "X", "kind": "image", "shape": [4, 4], "dtype": "uint8"}]
        route.fulfill(response=answer, json={**answer.json(), "inputs": inputs})

    rows = [{"X": f"data:image/png;base64,{PICTURE}", "colour": label} for label in ("blue", "red")]
    page.route(re.compile(r"/v1/models/[^/]+$"), model)
    page.route("**/preview*", lambda route: route.fulfill(json={"rows": rows}))


def test_an_image_is_chosen_or_brought(page: Page, service: Service) -> None:
    _of_images(page)
    sent: list[tuple[str | None, bytes | None]] = []

    def predict(route: Route) -> None:
        sent.append((route.request.headers.get("content-type"), route.request.post_data_buffer))
        said = {"predictions": ["red"], "probabilities": [[0.25, 0.75]], "classes": ["blue", "red"]}
        route.fulfill(json=said)

    page.route("**/predict", predict)
    _open(page, service, report(examples=[_example({"picture": PICTURE}, "blue", "red")]))
    answer = page.get_by_label("Prediction")
    expect(answer).to_contain_text("colour: red")
    expect(answer).to_contain_text("the data say blue")
    wrong = page.get_by_role("list", name=re.compile("It gets wrong")).get_by_role("listitem")
    expect(wrong).to_contain_text("blue, taken for red (90 %)")
    assert wrong.locator("img").evaluate("(img) => img.naturalWidth") == 4
    page.get_by_role("button", name="Row 2, red").click()
    expect(answer).to_contain_text("the data say red")
    mine = png(np.zeros((3, 3), np.uint8))
    with page.expect_request("**/predict"):
        page.get_by_label("Image file").set_input_files(
            {"name": "mine.png", "mimeType": "image/png", "buffer": mine}
        )
    expect(page.get_by_role("img", name="Your image")).to_be_visible()
    expect(answer).not_to_contain_text("the data say")
    expect(answer).to_contain_text("75 %")
    assert {kind for kind, _ in sent} == {"image/png"}
    assert sent[-1][1] == mine
    expect(page.get_by_label("Python, with the file alone", exact=True)).to_contain_text(
        'numpy.zeros((1, 4, 4), "uint8")'
    )


def test_names_that_would_be_markup_are_text(page: Page, service: Service) -> None:
    found = report(
        examples=[_example({"text": EVIL}, EVIL, EVIL)],
        warnings=[{"code": "EVIL", "message": EVIL}],
        guess={"answer": EVIL, "metrics": {}, "within": {}},
    )
    found["task"]["target"] = EVIL
    found["importance"]["columns"][0]["column"] = EVIL
    found["classification"] |= {
        "classes": ["a", EVIL],
        "confused": [{"actual": "a", "predicted": EVIL, "rows": 2}],
        "curves": [found["classification"]["curves"][0] | {"label": EVIL}],
    }
    found["classification"]["per_class"][1]["label"] = EVIL
    _open(page, service, found)
    expect(page.get_by_role("list", name="Doubts")).to_contain_text(EVIL)
    expect(page.get_by_role("table", name="Confusion matrix")).to_contain_text(EVIL)
    expect(page.get_by_text(f"probability of being {EVIL}")).to_be_visible()
    assert page.locator("main img, main script").count() == 0
    assert page.evaluate("window.struck") is None


def test_a_phone_needs_no_sideways_scrolling(page: Page, service: Service) -> None:
    found = report()
    found["importance"]["columns"][0]["column"] = "the_size_of_the_flat_in_square_metres" * 4
    page.set_viewport_size({"width": 390, "height": 844})
    _open(page, service, found)
    expect(page.get_by_label("Prediction")).to_contain_text("colour: blue")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_model_without_a_report_shows_what_is_known(page: Page, service: Service) -> None:
    _open(page, service, None)
    expect(page.get_by_role("row", name=re.compile("^log loss"))).to_contain_text("0.05 to 0.2")
    expect(page.get_by_text("made by a version without reports")).to_be_visible()
    expect(page.get_by_label("Prediction")).to_contain_text("colour: blue")
    expect(page.get_by_role("slider")).to_have_count(0)


def test_a_study_without_a_model_says_so(page: Page, service: Service) -> None:
    study = add_study(service.store, dataset(service))
    page.goto(f"http://127.0.0.1:{service.port}/#/studies/{study.id}/result")
    expect(page.get_by_text("There is no model yet: follow the search.")).to_be_visible()
