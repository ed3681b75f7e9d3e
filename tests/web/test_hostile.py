"""Names, cells and classes that would be markup or scripts, in a real browser: they are text."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from automl.core.catalog import ExportFormat, FamilyName
from automl.core.leases import Outcome
from automl.core.model import Model
from automl.core.study import StudySpec, TaskSpec
from automl.core.trial import Candidate, Finish, Turn
from automl.export import report
from tests.api.harness import PLAN, Hand, Service, add_dataset, add_study
from tests.export.test_page import _found
from tests.store.values import queue

EVIL = "<img src=x onerror=window.struck=1>"
WORSE = f"{EVIL}<script>window.struck=1</script>\"'><svg onload=window.struck=1>\u202e"


@pytest.fixture
def watched(page: Page, service: Service) -> Iterator[Page]:
    """A tab that fails the test if it asks another host or shows a dialog."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog says {dialog.message}"))
    yield page
    assert page.evaluate("window.struck") is None
    assert page.locator("img[src=x]").count() == 0
    hosts = {url.split("/")[2] for url in asked if url.startswith("http")}
    assert hosts == {f"127.0.0.1:{service.port}"}


def _url(service: Service, path: str = "") -> str:
    return f"http://127.0.0.1:{service.port}/{path}"


def test_a_hostile_table_is_profiled_as_text(
    watched: Page, service: Service, tmp_path: Path
) -> None:
    quoted = WORSE.replace('"', '""')
    lines = [f'"{quoted}","=1+1"', *(f'"{quoted} {n % 3}",{n}' for n in range(60))]
    path = tmp_path / f"{EVIL}.csv"
    path.write_text("\n".join(lines))
    watched.goto(_url(service))
    watched.get_by_label("Dataset file").set_input_files(path)
    expect(watched.get_by_role("heading", name=f"{EVIL}.csv")).to_be_visible()
    watched.get_by_label("Target").select_option(WORSE)
    expect(watched.locator(".target")).to_contain_text("onerror=window.struck")


def test_a_hostile_study_is_shown_as_text(watched: Page, service: Service) -> None:
    dataset = add_dataset(service.store, name=WORSE)
    spec = StudySpec(
        dataset_id=dataset.id,
        task=TaskSpec(PLAN.task, WORSE),
        budget=add_study(service.store, dataset, trials=1).spec.budget,
        name=WORSE,
    )
    hand = Hand(service.store)
    hand.run(service.get("/v1/studies").json()["items"][0]["id"])
    study = queue(
        service.store, spec, replace(PLAN, target=WORSE, classes=(EVIL, WORSE)), "default"
    )
    leases = service.store.leases
    turn = leases.claim("hand")
    assert isinstance(turn, Turn)
    attempt = leases.begin("hand", turn, Candidate(FamilyName.MLP, {EVIL: WORSE}))
    assert attempt is not None
    arrays = service.store.artifacts.put("default", "x/y", [b"x"])
    leases.complete(attempt, Outcome(0.5, (0.5, 0.5), 3, 0.1, 10, arrays.id, arrays.id))
    hand.run(study.id)
    watched.goto(_url(service, f"#/studies/{study.id}"))
    expect(watched.get_by_role("heading", name=EVIL).first).to_be_visible()
    watched.locator("table.trials button").first.click()
    expect(watched.locator("tr.detail")).to_contain_text(EVIL)
    watched.goto(_url(service))
    expect(watched.get_by_role("link", name=EVIL)).to_be_visible()


def test_a_hostile_report_is_shown_as_text(watched: Page, service: Service) -> None:
    study = add_study(service.store, add_dataset(service.store, name=WORSE), trials=1)
    hand = Hand(service.store)
    made = hand.model
    content = report.write(_found((EVIL, WORSE, "=1+1")))

    def with_report(finish: Finish) -> Model:
        model = made(finish)
        file = service.store.artifacts.put("default", "application/json", [content])
        return replace(model, formats={**model.formats, ExportFormat.REPORT: file})

    hand.model = with_report  # type: ignore[method-assign]
    hand.run(study.id)
    watched.goto(_url(service, f"v1/studies/{study.id}/report"))
    expect(watched.get_by_text("onerror=window.struck").first).to_be_visible()
    assert watched.locator("script, img, iframe, object, a, form").count() == 0
