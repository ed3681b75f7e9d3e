"""The page of a real service whose API dies: nothing is lost, nothing has to be reloaded."""

from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.e2e.service import serve


def test_the_page_survives_the_servers_death(page: Page, tmp_path: Path, flats: Path) -> None:
    with serve(tmp_path / "data", workers=1) as service:
        page.goto(service.url)
        page.get_by_label("Dataset file").set_input_files(flats)
        page.get_by_label("Budget").fill("3 trials")
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_role("button", name="Cancel")).to_be_visible()
        service.kill("api")
        expect(page.get_by_text("Done", exact=True)).to_be_visible(timeout=90_000)
        expect(page.get_by_text("Reconnecting …")).to_have_count(0)
        path = page.url.rpartition("#/")[2]
        study = httpx.get(f"{service.url}/v1/{path}").json()
        rows = page.locator("table.trials tbody tr")
        expect(rows).to_have_count(sum(study["progress"]["trials"].values()))
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download model").click()
        waiting.value.save_as(tmp_path / "model.onnx")
        assert (tmp_path / "model.onnx").stat().st_size > 1000
