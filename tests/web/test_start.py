"""What a person chooses before a study starts, in a real browser."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from automl.core.leases import Worker
from tests.api.harness import Service, add_dataset, wait_for

LONG = "x" * 150 + " " + "y" * 149

DROP = """([names, content]) => {
    const files = new DataTransfer();
    for (const name of names) files.items.add(new File([content], name));
    for (const type of ["dragenter", "drop"]) document.body.dispatchEvent(
        new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


SHADES = """(canvas) => {
    const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    return [...data].filter((_, place) => place % 4 == 0);
}"""


def _url(service: Service, fragment: str = "") -> str:
    return f"http://127.0.0.1:{service.port}/{fragment}"


def _upload(page: Page, service: Service, path: Path) -> None:
    page.goto(_url(service))
    page.get_by_label("Dataset file").set_input_files(path)
    expect(page.get_by_label("Target")).to_be_visible()


def _row(page: Page, name: str) -> Locator:
    rows = page.get_by_role("region", name="Columns").get_by_role("row")
    return rows.filter(has=page.get_by_text(name, exact=True))


def _study(service: Service) -> dict[str, Any]:
    wait_for(lambda: service.get("/v1/studies").json()["items"])
    study: dict[str, Any] = service.get("/v1/studies").json()["items"][0]
    return study


def _pretend(page: Page, service: Service, **change: Any) -> str:
    """Answer for a stored dataset as if it were another one; return the page's address of it."""
    dataset = add_dataset(service.store)
    shown = {**service.get(f"/v1/datasets/{dataset.id}").json(), **change}
    page.route(f"**/v1/datasets/{dataset.id}", lambda route: route.fulfill(json=shown))
    return _url(service, f"#/datasets/{dataset.id}")


def test_a_file_is_dropped_anywhere(page: Page, service: Service, flats: Path) -> None:
    page.goto(_url(service))
    expect(page.get_by_role("heading", name="New study")).to_be_visible()
    page.evaluate(DROP, [["one.csv", "two.csv"], "a,b"])
    expect(page.get_by_role("alert")).to_contain_text("One file makes a dataset")
    page.evaluate(DROP, [["flats.csv"], flats.read_text()])
    expect(page.get_by_role("heading", name="flats.csv")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_an_upload_is_stopped(page: Page, service: Service, flats: Path) -> None:
    def hold(_: Route) -> None:
        """Never answer."""

    page.route("**/v1/datasets", hold)
    page.goto(_url(service))
    page.get_by_label("Dataset file").set_input_files(flats)
    expect(page.get_by_label("Dataset file")).to_be_disabled()
    page.get_by_role("button", name="Stop the upload").click()
    expect(page.get_by_text("The upload of flats.csv was stopped.")).to_be_visible()
    expect(page.get_by_label("Dataset file")).to_be_enabled()
    page.unroute("**/v1/datasets")
    page.get_by_label("Dataset file").set_input_files(flats)
    expect(page.get_by_role("heading", name="flats.csv")).to_be_visible()


def test_what_was_chosen_is_what_is_asked(page: Page, service: Service, flats: Path) -> None:
    _upload(page, service, flats)
    page.get_by_label("Target").select_option("colour")
    expect(page.get_by_label("Metric").locator("option")).to_have_count(10)
    _row(page, "price").get_by_label("Kind").select_option("categorical")
    expect(page.get_by_text("Your corrections: 1 of another kind.")).to_be_visible()
    page.get_by_role("button", name="1 min").click()
    expect(page.get_by_label("Budget")).to_have_value("1m")
    page.get_by_text("More choices").click()
    page.get_by_label("Name").fill("flats by colour")
    page.get_by_label("Validation").select_option("group")
    expect(page.get_by_text("Choose the column that says the group.")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_disabled()
    page.get_by_label("Group column").select_option("size")
    page.get_by_label("Test part, %").fill("20")
    page.get_by_label("Largest model, MB").fill("1.5")
    page.get_by_label("Slowest row, ms").fill("2")
    page.get_by_label("Seed").fill("7")
    page.get_by_label("Priority").fill("9")
    page.get_by_label("Ensemble").uncheck()
    page.get_by_role("group", name="Families").get_by_label("catboost").uncheck()
    page.get_by_label("Search space").fill('{"mlp": {"layers": [2, 3]}}')
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    study = _study(service)
    spec = study["spec"]
    assert (study["name"], study["seed"], spec["priority"]) == ("flats by colour", 7, 9)
    assert study["budget"] == {"seconds": 60.0, "trials": None}
    assert spec["columns"] == {"price": {"kind": "categorical", "use": True}}
    assert spec["validation"] == {"strategy": "group", "column": "size", "test_fraction": 0.2}
    assert spec["objective"] == {"max_model_bytes": 1_500_000, "max_row_ms": 2.0}
    assert spec["search_space"] == {"mlp": {"layers": [2, 3]}}
    assert "catboost" not in spec["families"]
    assert "linear" in spec["families"]
    assert spec["ensemble"] is False


def test_what_is_wrong_stands_at_its_field(page: Page, service: Service, flats: Path) -> None:
    _upload(page, service, flats)
    page.get_by_text("More choices").click()
    space = page.get_by_label("Search space")
    space.fill("{mlp")
    expect(page.get_by_text("Not JSON yet")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_disabled()
    space.fill('{"mlp": {"layers": [90]}}')
    expect(page.locator("#space-hint")).to_contain_text("90")  # as the service says it
    expect(space).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_contain_text("search_space.mlp.layers")
    expect(space).to_be_focused()
    space.fill("")
    expect(page.get_by_role("alert")).to_have_count(0)
    _row(page, "size").get_by_label("Kind").select_option("boolean")
    expect(_row(page, "size")).to_contain_text("cannot be boolean")
    page.get_by_role("button", name="Take all as found").click()
    expect(_row(page, "size").get_by_label("Kind")).to_have_value("id")
    expect(_row(page, "size")).not_to_contain_text("cannot be boolean")


def test_what_a_budget_buys_is_said_before_the_start(
    page: Page, service: Service, flats: Path
) -> None:
    _upload(page, service, flats)
    estimate = page.get_by_role("region", name="Estimate")
    expect(estimate).to_contain_text("60 rows, judged in 8 folds")
    expect(estimate).to_contain_text(re.compile(r"About [\d,]+ trials? in 5 min on one worker"))
    costs = estimate.get_by_role("list", name="What a trial takes").get_by_role("listitem")
    expect(costs.first).to_contain_text(re.compile(r"(linear|decision_tree) 0\.\d s"))
    expect(estimate).to_contain_text("No worker is alive")
    for name in ("w1", "w2"):
        service.store.leases.beat(Worker(name, "cpu", "idle", 0.0, None, None, None), ())
    expect(estimate).to_contain_text("on 2 workers")
    expect(estimate).not_to_contain_text("No worker is alive")
    page.get_by_label("Budget").fill("5 trials")
    expect(estimate).to_contain_text("5 trials on 2 workers")


def test_a_wide_table_stays_usable(page: Page, service: Service) -> None:
    column = {"kind": "numeric", "missing": 0, "unique": 2, "min": 1, "max": 2, "top": []}
    names = [LONG, *(f"c{n}" for n in range(1, 500)), "colour"]
    columns = [{"name": name, **column} for name in names]
    address = _pretend(page, service, columns=columns)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    rows = page.get_by_role("region", name="Columns").locator("tbody tr")
    expect(rows).to_have_count(12)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Show 100 of 501 columns").click()
    expect(rows).to_have_count(100)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Columns 101 to 200 of 501")).to_be_visible()
    expect(rows.first).to_contain_text("c100")
    page.get_by_label("Find a column").fill("c49")
    expect(rows).to_have_count(11)
    page.get_by_role("button", name="Leave these 11 out").click()
    expect(page.get_by_text("Your corrections: 11 left out.")).to_be_visible()
    _row(page, "c499").get_by_label("use").check()
    expect(page.get_by_text("Your corrections: 10 left out.")).to_be_visible()
    page.get_by_label("Target").select_option(LONG)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_volumes_are_shown_by_their_middle_slice(page: Page, service: Service) -> None:
    empty, full = [[0, 0], [0, 0]], [[0, 1], [2, 3]]
    address = _pretend(page, service, modality="volume", shape=[3, 2, 2], classes=["a"], columns=[])
    rows = [{"X": [empty, full, empty], "y": "a"}, {"X": None, "y": "a"}]
    page.route("**/preview*", lambda route: route.fulfill(json={"rows": rows}))
    page.goto(address)
    shown = page.get_by_role("list", name="The first rows").get_by_role("listitem")
    expect(shown).to_have_count(1)
    shades = [0, 85, 170, 255]
    wait_for(lambda: shown.locator("canvas").evaluate(SHADES) == shades)
