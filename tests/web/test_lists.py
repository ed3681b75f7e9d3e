"""The lists beside the page that starts a study, in a real browser."""

from pathlib import Path

import onnx
from playwright.sync_api import Page, expect

from automl.core.leases import Worker
from tests.api.harness import Hand, Service, add_dataset, add_study

EVIL = "<img src=x onerror=window.struck=1>"


def _url(service: Service, fragment: str) -> str:
    return f"http://127.0.0.1:{service.port}/{fragment}"


def test_studies_are_followed_and_deleted(page: Page, service: Service) -> None:
    study = add_study(service.store, add_dataset(service.store, name="flats"), trials=1)
    page.goto(_url(service, "#/studies"))
    row = page.get_by_role("row", name="try")
    expect(row).to_contain_text("Waiting for a worker")
    expect(row.get_by_role("link", name="flats")).to_be_visible()
    expect(row.get_by_role("button", name="Delete try")).to_be_disabled()
    Hand(service.store).run(study.id)
    expect(row).to_contain_text("Done")
    expect(row).to_contain_text("0.5")
    row.get_by_role("button", name="Delete try").click()
    question = page.get_by_role("dialog", name="Delete try?")
    question.get_by_role("button", name="Keep it").click()
    expect(row).to_be_visible()
    expect(row.get_by_role("button", name="Delete try")).to_be_focused()
    row.get_by_role("button", name="Delete try").click()
    question.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    assert service.get(f"/v1/studies/{study.id}").status_code == 404


def test_studies_are_listed_by_state(page: Page, service: Service) -> None:
    add_study(service.store, add_dataset(service.store))
    page.goto(_url(service, "#/studies"))
    page.get_by_label("State").select_option("failed")
    expect(page.get_by_text("None is in this state.")).to_be_visible()
    page.get_by_label("State").select_option("queued")
    expect(page.get_by_role("row", name="try")).to_be_visible()


def test_a_dataset_in_use_is_not_deleted(page: Page, service: Service) -> None:
    used = add_dataset(service.store, name=EVIL)
    add_study(service.store, used)
    add_dataset(service.store, name="free")
    page.goto(_url(service, "#/datasets"))
    page.get_by_role("button", name=f"Delete {EVIL}").click()
    question = page.get_by_role("dialog", name=f"Delete {EVIL}?")
    question.get_by_role("button", name="Delete", exact=True).click()
    said = service.delete(f"/v1/datasets/{used.id}").json()["detail"]
    expect(question.get_by_role("alert")).to_contain_text(said)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete free").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("row", name="free")).to_have_count(0)
    page.get_by_role("link", name=EVIL).click()
    expect(page.get_by_role("heading", name=EVIL)).to_be_visible()
    expect(page.get_by_label("Target")).to_be_visible()
    assert page.evaluate("window.struck") is None


def test_older_datasets_are_shown_on_demand(page: Page, service: Service) -> None:
    for number in range(22):
        add_dataset(service.store, name=f"d{number}")
    page.goto(_url(service, "#/datasets"))
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(20)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(22)
    expect(rows.last).to_contain_text("d0")
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_models_are_downloaded_and_deleted(page: Page, service: Service, tmp_path: Path) -> None:
    Hand(service.store).run(add_study(service.store, add_dataset(service.store)).id)
    page.goto(_url(service, "#/models"))
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download onnx of colour").click()
    waiting.value.save_as(tmp_path / "model.onnx")
    onnx.checker.check_model(str(tmp_path / "model.onnx"))
    page.get_by_role("button", name="Delete the model of colour").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    assert service.get("/v1/models").json()["items"] == []


def test_workers_are_shown_and_their_absence_explained(page: Page, service: Service) -> None:
    study = add_study(service.store, add_dataset(service.store))
    page.goto(_url(service, "#/workers"))
    expect(page.get_by_text("No worker is alive")).to_be_visible()
    expect(page.get_by_text("automl worker", exact=True)).to_be_visible()
    beat = service.store.leases.beat
    beat(Worker("w1", "cpu", "busy", 0.0, "default", study.id, 3), ())
    beat(Worker("w2", "cuda:0", "idle", 0.0, None, None, None), ())
    expect(page.get_by_role("row", name="w1")).to_contain_text("trial 3")
    expect(page.get_by_role("row", name="w2")).to_contain_text("cuda:0")
    page.get_by_role("link", name="trial 3").click()
    expect(page.get_by_role("heading", name="try")).to_be_visible()


def test_a_long_name_is_parted_behind_its_marks(page: Page, service: Service) -> None:
    name = "hotel_cancellations_2026_weekly.csv"
    add_dataset(service.store, name=name)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(_url(service, "#/datasets"))
    link = page.get_by_role("link", name=name, exact=True)
    expect(link).to_have_text(name)
    *parted, _ = link.evaluate(_LINES)
    assert parted
    assert all(line.endswith(("_", ".")) for line in parted), parted


_LINES = """(link) => {
    const lines = new Map();
    for (const node of link.childNodes) {
        for (let at = 0; at < (node.textContent ?? "").length; at += 1) {
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            const { top } = range.getBoundingClientRect();
            lines.set(top, (lines.get(top) ?? "") + node.textContent[at]);
        }
    }
    return [...lines.values()];
}"""
"""What stands in each line of a link."""


def test_lists_fit_a_phone(page: Page, service: Service) -> None:
    long = "x" * 200
    Hand(service.store).run(add_study(service.store, add_dataset(service.store, name=long)).id)
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("Studies", "Datasets", "Models", "Workers"):
        page.goto(_url(service, f"#/{name.lower()}"))
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        expect(page.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        expect(page.get_by_text("Loading …")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
