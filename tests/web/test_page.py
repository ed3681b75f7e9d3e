"""What a person does on the page, in a real browser."""

import re
from base64 import b64encode
from pathlib import Path

import numpy as np
import onnx
from playwright.sync_api import Locator, Page, expect

from automl.core.catalog import FamilyName, StudyStatus, TaskType
from automl.core.key import Scope
from automl.core.study import Budget, Study, StudySpec, TaskSpec
from automl.core.trial import Candidate, CurvePoint, Turn
from automl.export.png import png
from automl.service import keys
from tests.api.harness import PLAN, Hand, Service, add_dataset, add_study, wait_for
from tests.store.values import queue


def _url(service: Service, fragment: str = "") -> str:
    return f"http://127.0.0.1:{service.port}/{fragment}"


def _study(service: Service, *, trials: int = 3) -> Study:
    return add_study(service.store, add_dataset(service.store), trials=trials)


def _status(service: Service, study: Study) -> StudyStatus:
    with service.store.unit() as unit:
        return unit.studies.get("default", study.id).status


def test_a_file_is_uploaded_profiled_and_started(page: Page, service: Service, flats: Path) -> None:
    page.goto(_url(service))
    page.get_by_label("Dataset file").set_input_files(flats)
    expect(page.get_by_label("Target")).to_have_value("price")
    expect(page.get_by_label("Task")).to_have_value("regression")
    expect(page.get_by_label("Metric")).to_have_value("auto")
    expect(page.get_by_text("<img src=x onerror=alert(1)> (30)")).to_be_visible()
    page.get_by_label("Target").select_option("colour")
    expect(page.get_by_label("Task")).to_have_value("classification")
    page.get_by_label("Budget").fill("90s, 20 trials")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    expect(page.locator("main")).to_be_focused()
    study = service.get("/v1/studies").json()["items"][0]
    assert page.url.endswith(f"#/studies/{study['id']}")
    assert study["budget"] == {"seconds": 90.0, "trials": 20}
    assert study["task"]["target"] == "colour"


def test_a_budget_that_is_none_cannot_be_started(page: Page, service: Service) -> None:
    dataset = add_dataset(service.store)
    page.goto(_url(service, f"#/datasets/{dataset.id}"))
    page.get_by_label("Budget").fill("soon")
    expect(page.get_by_text("Write 90s, 5m, 1h or 20 trials.")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_disabled()


def test_the_targets_distribution_is_drawn(page: Page, service: Service, flats: Path) -> None:
    page.goto(_url(service))
    page.get_by_label("Dataset file").set_input_files(flats)
    drawn = page.locator(".target").get_by_role("img", name="Distribution of price")
    expect(drawn.locator("rect")).to_have_count(20)
    expect(drawn.locator("title").first).to_contain_text(re.compile(r"^1000 to 1109.2: \d"))
    expect(page.locator(".target")).to_contain_text("median 2073")
    page.get_by_label("Target").select_option("colour")
    classes = page.get_by_role("table", name="Distribution of colour").get_by_role("row")
    expect(classes).to_have_count(2)
    expect(classes.first).to_contain_text("30")
    expect(classes.first).to_contain_text("50 %")
    assert classes.first.locator("rect").get_attribute("width") == "50%"


def test_every_column_has_its_histogram(page: Page, service: Service, tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(20)]
    rows = [",".join(str(row % (2 + place)) for place in range(20)) for row in range(60)]
    path = tmp_path / "wide.csv"
    path.write_text("\n".join([",".join(names), *rows]))
    page.goto(_url(service))
    page.get_by_label("Dataset file").set_input_files(path)
    columns = page.get_by_role("region", name="Columns")
    expect(columns.get_by_role("img")).to_have_count(12)
    page.get_by_role("button", name="Show all 20 columns").click()
    expect(columns.get_by_role("img")).to_have_count(20)
    few = columns.get_by_role("img", name="Distribution of c1", exact=True).locator("title")
    expect(few).to_have_text(["0: 20 (33 %)", "1: 20 (33 %)", "2: 20 (33 %)"])


def test_a_dataset_that_nobody_counted_is_shown(page: Page, service: Service) -> None:
    dataset = add_dataset(service.store)
    page.goto(_url(service, f"#/datasets/{dataset.id}"))
    page.get_by_label("Target").select_option("size")
    expect(page.get_by_role("heading", name="tiny")).to_be_visible()
    page.get_by_label("Task").select_option("regression")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_images_are_shown_and_started_without_a_target(page: Page, service: Service) -> None:
    dataset = add_dataset(service.store)
    path = f"/v1/datasets/{dataset.id}"
    plain = service.get(path).json()
    evil = "<img src=x onerror=alert(1)>"
    arrays = {"modality": "image", "shape": [2, 2], "classes": [evil, "b"], "columns": []}
    picture = f"data:image/png;base64,{b64encode(png(np.eye(2, dtype=np.uint8) * 255)).decode()}"
    rows = [{"X": picture, "y": evil}, {"X": picture, "y": "b"}, {"X": "http://evil/x", "y": "b"}]
    page.route(f"**{path}", lambda route: route.fulfill(json={**plain, **arrays}))
    page.route(f"**{path}/preview*", lambda route: route.fulfill(json={"rows": rows}))
    page.goto(_url(service, f"#/datasets/{dataset.id}"))
    shown = page.get_by_role("list", name="The first rows").get_by_role("listitem")
    expect(shown).to_have_count(2)
    expect(shown.first).to_contain_text(evil)
    assert shown.first.locator("img").evaluate("(img) => [img.naturalWidth, img.src]") == [
        2,
        picture,
    ]
    expect(page.get_by_text(f"2 classes: {evil}, b")).to_be_visible()
    expect(page.get_by_label("Target")).to_have_value("y")
    expect(page.get_by_label("Task")).to_have_value("classification")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_series_are_lines_and_numbers_beside_them_a_regression(
    page: Page, service: Service
) -> None:
    dataset = add_dataset(service.store)
    path = f"/v1/datasets/{dataset.id}"
    plain = service.get(path).json()
    arrays = {"modality": "series", "shape": [2, 3], "classes": None, "columns": []}
    rows = [{"X": [[1, 2.5, None], [0, 0, 0]], "y": 1.5}, {"X": None, "y": 2}]
    page.route(f"**{path}", lambda route: route.fulfill(json={**plain, **arrays}))
    page.route(f"**{path}/preview*", lambda route: route.fulfill(json={"rows": rows}))
    page.goto(_url(service, f"#/datasets/{dataset.id}"))
    shown = page.get_by_role("list", name="The first rows").get_by_role("listitem")
    expect(shown).to_have_count(1)
    expect(shown.locator("polyline")).to_have_count(2)
    expect(page.get_by_label("Task")).to_have_value("regression")


def test_a_refused_upload_says_what_was_wrong(page: Page, service: Service, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("a,b\n1,2\n1,2,3\n")
    page.goto(_url(service))
    page.get_by_label("Dataset file").set_input_files(path)
    alert = page.get_by_role("alert")
    expect(alert).to_be_visible()
    with path.open("rb") as file:
        said = service.post("/v1/datasets", files={"file": ("bad.csv", file)}).json()
    expect(alert).to_contain_text(said["detail"])
    expect(alert).to_contain_text("bad.csv")
    expect(alert).to_contain_text("Line 3")
    expect(page.get_by_label("Dataset file")).to_be_enabled()


def test_a_study_is_shown_as_it_goes_on(page: Page, service: Service, tmp_path: Path) -> None:
    study = _study(service)
    hand = Hand(service.store, values=[0.5, 0.25, 0.4])
    loads: list[str] = []
    page.on("request", lambda request: loads.append(request.url))
    page.goto(_url(service, f"#/studies/{study.id}"))
    expect(page.get_by_text("No trial has started yet.")).to_be_visible()
    hand.step()
    rows = page.locator("table.trials tbody tr")
    expect(rows).to_have_count(1)
    expect(page.get_by_text("Searching")).to_be_visible()
    for count in (2, 3):
        hand.step()
        expect(rows).to_have_count(count)
    expect(rows.first).to_contain_text("0.25")
    rows.first.get_by_role("button").click()
    expect(page.get_by_role("img", name=re.compile("Loss"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("log loss. "))).to_be_visible()
    hand.run(study.id)
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    expect(page.get_by_text("0.05 to 0.2")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download model").click()
    waiting.value.save_as(tmp_path / "model.onnx")
    onnx.checker.check_model(str(tmp_path / "model.onnx"))
    assert sum("/events?" in url for url in loads) == 1
    assert sum("/trials?" in url for url in loads) == 1


def test_each_fold_is_a_line_of_its_own(page: Page, service: Service) -> None:
    study = _study(service)
    leases = service.store.leases
    turn = leases.claim("hand")
    assert isinstance(turn, Turn)
    attempt = leases.begin("hand", turn, Candidate(FamilyName.MLP))
    assert attempt is not None
    points = [
        CurvePoint(4 * fold + n, 1 / n, 2 / n, fold=fold) for fold in range(3) for n in range(1, 5)
    ]
    leases.record(attempt, points)
    page.goto(_url(service, f"#/studies/{study.id}"))
    page.locator("table.trials button").first.click()
    loss = page.get_by_role("img", name=re.compile("Loss"))
    expect(loss.locator("polyline")).to_have_count(6)  # of three folds: training and validation
    starts = [line.split()[0] for line in _drawn(loss)]
    assert len({start.split(",")[0] for start in starts}) == 1
    expect(loss).to_contain_text("a line for each of 3 folds")
    leases.record(attempt, [CurvePoint(13, 1.0, 2.0, fold=3), CurvePoint(14, 0.5, 1.0, fold=3)])
    expect(loss.locator("polyline")).to_have_count(8)


def _drawn(chart: Locator) -> list[str]:
    lines = chart.locator("polyline").all()
    return [line.get_attribute("points") or "" for line in lines]


def test_a_study_is_paused_resumed_and_cancelled(page: Page, service: Service) -> None:
    study = _study(service)
    Hand(service.store).step()
    page.goto(_url(service, f"#/studies/{study.id}"))
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    assert _status(service, study) is StudyStatus.PAUSED
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Building the model")).to_be_visible()
    Hand(service.store).run(study.id)
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Download model")).to_be_visible()


def test_an_ended_study_goes_on_with_more_budget(page: Page, service: Service) -> None:
    study = _study(service, trials=1)
    hand = Hand(service.store, values=[0.5, 0.25])
    hand.run(study.id)
    page.goto(_url(service, f"#/studies/{study.id}"))
    expect(page).to_have_title("Done: try")
    page.get_by_text("Search further").click()
    expect(page.get_by_label("More budget")).to_have_value("1 trial")
    page.get_by_label("More budget").fill("much")
    expect(page.get_by_role("button", name="Resume")).to_be_disabled()
    page.get_by_label("More budget").fill("1 trials")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    hand.run(study.id)
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    expect(page.locator("table.trials tbody tr")).to_have_count(2)


def test_a_running_study_gets_more_budget(page: Page, service: Service) -> None:
    study = _study(service, trials=2)
    hand = Hand(service.store)
    hand.step()
    page.goto(_url(service, f"#/studies/{study.id}"))
    page.get_by_text("Add budget").click()
    more, add = page.get_by_label("More budget"), page.get_by_role("button", name="Add")
    expect(more).to_have_value("2 trials")
    more.fill("5m")
    expect(page.get_by_text("The budget is a number of trials: write 20 trials.")).to_be_visible()
    expect(add).to_be_disabled()
    more.fill("1 trial")
    add.click()
    expect(page.get_by_text("budget 3 trials")).to_be_visible()
    expect(more).to_be_hidden()
    expect(page.get_by_text("Searching", exact=True)).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Add budget").click()
    more.fill("1 trial")
    page.get_by_role("button", name="Add and go on").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("heading", name="Log", exact=True).click()
    expect(page.get_by_text("The study goes on; its budget is 4 trials now.")).to_be_visible()
    hand.run(study.id)
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    expect(page.locator("table.trials tbody tr")).to_have_count(4)


def test_a_study_without_a_name_is_called_by_what_it_does(page: Page, service: Service) -> None:
    spec = StudySpec(
        dataset_id=add_dataset(service.store, name="flats.csv").id,
        task=TaskSpec(TaskType.CLASSIFICATION, "colour"),
        budget=Budget(trials=1),
    )
    study = queue(service.store, spec, PLAN)
    page.goto(_url(service))
    page.get_by_role("link", name="flats.csv: colour").click()
    expect(page.get_by_role("heading", name="flats.csv: colour")).to_be_visible()
    expect(page.get_by_text(study.id)).to_be_visible()
    expect(page).to_have_title("0 % flats.csv: colour")
    Hand(service.store).run(study.id)
    page.get_by_role("link", name="The whole result").click()
    expect(page.get_by_role("heading", name="flats.csv: colour: the result")).to_be_visible()


def test_a_lost_stream_comes_back_where_it_was(page: Page, service: Service) -> None:
    study = _study(service)
    hand = Hand(service.store, values=[0.5, 0.25, 0.4])
    page.route("**/events?*", lambda route: route.fulfill(body="retry: 2000\n\n"))
    page.goto(_url(service, f"#/studies/{study.id}"))
    expect(page.get_by_text("No trial has started yet.")).to_be_visible()
    expect(page.get_by_text("Reconnecting …")).to_be_visible()
    hand.run(study.id)
    page.unroute("**/events?*")
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    expect(page.get_by_text("Reconnecting …")).to_have_count(0)
    values = page.locator("table.trials tbody tr td:nth-child(3)").all_inner_texts()
    assert values == ["0.25", "0.4", "0.5"]


def test_the_list_leads_back(page: Page, service: Service) -> None:
    study = _study(service)
    Hand(service.store).run(study.id)
    page.goto(_url(service))
    page.get_by_role("link", name="try", exact=True).click()
    expect(page.get_by_role("heading", name="The model")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="New study")).to_be_visible()


def test_what_is_not_there_is_said(page: Page, service: Service) -> None:
    page.goto(_url(service, "#/studies/st_00000000000000000000000000"))
    expect(page.get_by_role("alert")).to_be_visible()


def test_everything_is_reached_by_keyboard(page: Page, service: Service) -> None:
    study = _study(service)
    Hand(service.store).run(study.id)
    page.goto(_url(service, f"#/studies/{study.id}"))
    row = page.locator("table.trials button").first
    row.focus()
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("aria-expanded", "true")
    expect(page.locator("tr.detail")).to_be_visible()


def test_a_phone_needs_no_sideways_scrolling(page: Page, service: Service, flats: Path) -> None:
    study = _study(service)
    Hand(service.store).run(study.id)
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(_url(service, f"#/studies/{study.id}"))
    expect(page.get_by_role("heading", name="The model")).to_be_visible()
    page.locator("table.trials button").first.click()
    expect(page.locator("tr.detail figure.chart").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    board = page.locator(".scroll", has=page.locator("table.trials"))
    assert board.evaluate("(box) => box.scrollWidth - box.clientWidth") == 0
    page.goto(_url(service))
    flats.write_text(flats.read_text().replace("size,", "the_size_of_the_flat_in_square_metres,"))
    page.get_by_label("Dataset file").set_input_files(flats)
    expect(page.get_by_label("Target")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 390, "height": 844})
    values = page.get_by_role("region", name="Columns").locator("td.values").last.bounding_box()
    assert values is not None
    assert values["x"] + values["width"] <= 390


def test_the_api_is_described_without_another_host(page: Page, service: Service) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(_url(service, "docs"))
    summary = page.locator("summary", has_text="POST").filter(has_text="/v1/studies").first
    summary.click()
    expect(page.get_by_text("dataset_id").first).to_be_visible()
    assert hosts == {f"127.0.0.1:{service.port}"}


def test_a_key_is_asked_for_once_and_sent_with_everything(
    page: Page, service: Service, tmp_path: Path
) -> None:
    study = _study(service)
    Hand(service.store).run(study.id)
    _, text = keys.create(service.store, tenant="default", scope=Scope.READ, expires_seconds=None)
    wait_for(lambda: service.get("/v1/studies").status_code == 401)
    page.goto(_url(service, f"#/studies/{study.id}"))
    page.get_by_label("API key").fill("wrong")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("The key was not accepted.")).to_be_visible()
    page.get_by_label("API key").fill(text)
    page.get_by_role("button", name="Continue").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download model").click()
    waiting.value.save_as(tmp_path / "model.onnx")
    onnx.checker.check_model(str(tmp_path / "model.onnx"))
