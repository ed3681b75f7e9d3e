"""The page of a study with many, few, odd and no trials, in a real browser."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from automl.core.catalog import FamilyName, TrialFailure, TrialState
from automl.core.leases import Outcome
from automl.core.study import Study
from automl.core.trial import Attempt, Candidate, CurvePoint, Trial, Turn
from automl.export import tuning
from tests.api.harness import Service, add_dataset, add_study, serving

LONG = "a name of three hundred characters " * 9


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A server that does not mind how long a hand takes."""
    with serving(tmp_path, lease_seconds=3600.0) as running:
        yield running


def _open(page: Page, service: Service, study: Study) -> None:
    page.goto(f"http://127.0.0.1:{service.port}/#/studies/{study.id}")


def _study(service: Service, *, trials: int = 9) -> Study:
    return add_study(service.store, add_dataset(service.store), trials=trials)


def _begin(service: Service, family: FamilyName, worker: str = "hand", **params: Any) -> Attempt:
    turn = service.store.leases.claim(worker)
    assert isinstance(turn, Turn)
    attempt = service.store.leases.begin(worker, turn, Candidate(family, params))
    assert attempt is not None
    return attempt


def _complete(service: Service, attempt: Attempt, value: float, seconds: float = 2.0) -> None:
    arrays = service.store.artifacts.put(attempt.tenant, "x/y", [f"{attempt}".encode()])
    outcome = Outcome(value, (value, value), 3, seconds, 10, arrays.id, arrays.id)
    service.store.leases.complete(attempt, outcome)


def _four(service: Service) -> Study:
    """Store a study of a complete MLP, a complete linear model, a failed and a pruned MLP."""
    study, leases = _study(service), service.store.leases
    first = _begin(service, FamilyName.MLP, lr=0.01)
    leases.record(first, [CurvePoint(n, 1 / n, 2 / n, 0.5 / n, 0.01, 3.0) for n in range(1, 6)])
    _complete(service, first, 0.5, seconds=6.0)
    _complete(service, _begin(service, FamilyName.LINEAR, lr=0.02), 0.25)
    leases.fail(_begin(service, FamilyName.MLP), TrialFailure.OUT_OF_MEMORY, "no room", 1.0)
    pruned = _begin(service, FamilyName.MLP, lr=0.5)
    leases.record(pruned, [CurvePoint(n, 5.0, 6.0, 0.9) for n in range(1, 4)])
    leases.prune(pruned, 1.0)
    return study


def _shows(page: Page, *numbers: int) -> None:
    rows = page.locator("table.trials tbody tr > th")
    expect(rows).to_have_text([re.compile(rf"\D{number}\s*$") for number in numbers])


def test_the_leaderboard_is_sorted_and_filtered(page: Page, service: Service) -> None:
    _open(page, service, _four(service))
    head = page.locator("table.trials thead")
    expect(page.locator("table.trials tbody tr")).to_have_count(4)
    _shows(page, 1, 0, 2, 3)
    head.get_by_role("button", name="Trial").click()
    _shows(page, 0, 1, 2, 3)
    head.get_by_role("button", name="Trial").click()
    _shows(page, 3, 2, 1, 0)
    expect(head.get_by_role("columnheader", name="Trial")).to_have_attribute(
        "aria-sort", "descending"
    )
    head.get_by_role("button", name="Time").click()
    _shows(page, 2, 3, 1, 0)
    page.get_by_label("Family", exact=True).select_option("mlp")
    expect(page.get_by_text("3 of 4 trials.")).to_be_visible()
    page.get_by_label("State", exact=True).select_option("failed")
    _shows(page, 2)
    page.get_by_label("Find trials").fill("lr=0.5")
    expect(page.get_by_text("No trial is like that.")).to_be_visible()
    page.get_by_label("State", exact=True).select_option("")
    _shows(page, 3)


def test_chosen_curves_are_drawn_together(page: Page, service: Service) -> None:
    study = _four(service)
    running = _begin(service, FamilyName.MLP, "other")
    points = [CurvePoint(n, 1.0, 1.0, 0.9) for n in range(1, 4)]
    service.store.leases.record(running, points)
    _open(page, service, study)
    page.get_by_role("checkbox", name="Compare trial 0").check()
    page.get_by_role("checkbox", name="Compare trial 3").check()
    chart = page.locator("figure.chart", has=page.get_by_role("img", name="Validation loss"))
    lines = chart.locator("polyline")
    expect(lines).to_have_count(3)
    expect(chart.locator("g.s3 polyline")).to_have_count(1)
    assert _points(chart.locator("g.s3")) == 3
    expect(chart.locator(".legend")).to_contain_text("3 mlp, pruned")
    expect(chart.locator(".legend")).to_contain_text("4 mlp, running")
    service.store.leases.record(running, [CurvePoint(n, 1.0, 1.0, 0.9) for n in range(4, 6)])
    last = chart.locator("polyline").nth(2)
    expect(last).to_have_attribute("points", re.compile(r"^(\S+ ){3,4}\S+$"))
    page.get_by_label("Measured").select_option("gradient_norm")
    expect(page.get_by_role("img", name="Gradient norm")).to_be_visible()
    expect(page.locator("figure.chart polyline.line")).not_to_have_count(0)
    page.get_by_role("button", name="Forget the chosen").click()
    expect(page.get_by_role("checkbox", name="Compare trial 0")).not_to_be_checked()


def _points(group: Locator) -> int:
    return len((group.locator("polyline").get_attribute("points") or "").split())


def test_what_was_tried_is_explained(page: Page, service: Service) -> None:
    study = _study(service, trials=12)
    for number in range(8):
        attempt = _begin(service, FamilyName.MLP, layers=1 + number % 2, rate=10.0**-number)
        _complete(service, attempt, 0.2 + 0.3 * (number % 2) + number / 100)
    _complete(service, _begin(service, FamilyName.LINEAR), 0.6, seconds=4.0)
    _open(page, service, study)
    expect(page.get_by_role("img", name="log loss over time")).to_be_visible()
    page.get_by_role("heading", name="Time by family").click()
    families = page.get_by_role("table", name="Time by family").get_by_role("row")
    expect(families.nth(1)).to_contain_text("16 s")
    expect(families.nth(1)).to_contain_text("80 %")
    page.get_by_role("heading", name="Hyperparameters").click()
    importance = page.get_by_role("table", name="Importance").get_by_role("row")
    expect(importance).to_have_count(2)
    expect(importance.first).to_contain_text("layers")
    expect(page.get_by_role("img", name="log loss by layers")).to_be_visible()
    page.get_by_label("Hyperparameter", exact=True).select_option("rate")
    expect(page.get_by_role("img", name="log loss by rate")).to_be_visible()
    together = page.get_by_role("img", name="8 trials across layers, rate and log loss")
    expect(together).to_be_visible()
    page.get_by_label("Family of the hyperparameters").select_option("linear")
    expect(page.get_by_text("All its trials have the same settings.")).to_be_visible()


def test_the_best_so_far_runs_on_to_now_and_then_to_the_end(page: Page, service: Service) -> None:
    study = _study(service)
    _complete(service, _begin(service, FamilyName.MLP), 0.5)
    path = f"/v1/studies/{study.id}"
    began = datetime.now(UTC) - timedelta(seconds=1000)
    since = service.get(path).json() | {"started_at": began.isoformat()}
    [trial] = service.get(f"{path}/trials").json()["items"]
    early = trial | {"finished_at": (began + timedelta(seconds=100)).isoformat()}
    page.route(f"**{path}", lambda route: route.fulfill(json=since))
    page.route("**/trials?*", lambda route: route.fulfill(json={"items": [early]}))
    chart = page.get_by_role("img", name="log loss over time")
    best = chart.locator("g.s1 polyline")
    _open(page, service, study)
    expect(chart).to_contain_text("15 min")
    starts, ends = _places(best)
    assert starts == pytest.approx(58 + 0.1 * (ends - 58), abs=3)
    over = (began + timedelta(seconds=400)).isoformat()
    since |= {"status": "succeeded", "finished_at": over}
    page.reload()
    expect(chart).not_to_contain_text("15 min")
    starts, ends = _places(best)
    assert starts == pytest.approx(58 + 0.25 * (ends - 58), abs=3)


def _places(line: Locator) -> list[float]:
    points = (line.get_attribute("points") or "").split()
    return [float(point.split(",")[0]) for point in points]


@pytest.mark.parametrize(
    ("fetched", "told", "drawn"),
    [
        ([(1, 0), (2, 0)], [(2, 0), (5, 0)], [(1, 0), (2, 0), (5, 0)]),
        ([(1, 0), (2, 0)], [(2, 0), (9, 1)], [(1, 0), (2, 0)]),
        ([(1, 0), (8, 1)], [(2, 0), (9, 1)], [(1, 0), (8, 1), (9, 1)]),
        ([], [(1, 0)], [(1, 0)]),
        ([], [(260, 2)], []),
    ],
)
def test_live_points_are_drawn_where_it_is_known_when_their_fold_began(
    page: Page,
    service: Service,
    fetched: list[tuple[int, int]],
    told: list[tuple[int, int]],
    drawn: list[tuple[int, int]],
) -> None:
    page.goto(f"http://127.0.0.1:{service.port}/")
    points = [[{"epoch": e, "fold": f} for e, f in part] for part in (fetched, told)]
    found = page.evaluate(
        "async ([curve, live]) => (await import('/assets/study/curve.js')).longer(curve, live)",
        points,
    )
    assert [(one["epoch"], one["fold"]) for one in found] == drawn


def test_importance_is_what_the_report_says(page: Page, service: Service) -> None:
    chance = [(7 * n * n + 3 * n) % 23 / 23 for n in range(30)]
    trials: list[dict[str, Any]] = [
        {
            "number": number,
            "value": round(draw + (0.2 if number % 3 else 0.0), 1),
            "params": {"rate": draw**2, "layers": number % 3, "kind": "ab"[number % 2]}
            | ({"alpha": number % 5 / 10} if number % 2 else {}),
        }
        for number, draw in enumerate(chance)
    ]
    _open(page, service, _study(service))
    found = page.evaluate(
        "async (trials) => (await import('/assets/study/importance.js')).importance(trials)",
        trials,
    )
    expected = tuning.shares([_trial(one) for one in trials])
    assert [(one["name"], round(one["share"], 6)) for one in found] == [
        (one["name"], one["share"]) for one in expected
    ]


def _trial(one: dict[str, Any]) -> Trial:
    candidate = Candidate(FamilyName.MLP, one["params"])
    return Trial("st", one["number"], TrialState.COMPLETE, candidate, one["value"])


def test_workers_and_the_log_tell_of_every_attempt(page: Page, service: Service) -> None:
    study, leases = _study(service), service.store.leases
    leases.crashed(_begin(service, FamilyName.MLP, "one"))
    again = leases.claim("two")
    assert isinstance(again, Attempt)
    _complete(service, again, 0.4)
    failing = _begin(service, FamilyName.LINEAR, "one")
    _open(page, service, study)
    page.get_by_role("heading", name="Workers").click()
    rows = page.get_by_role("table", name="Workers").get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("trial 1, linear")
    bars = page.get_by_role("img", name="Timeline of 2 workers and 3 attempts")
    expect(bars.locator("rect.lost")).to_have_count(1)
    expect(bars.locator("rect.complete title")).to_contain_text("trial 0, mlp, attempt 2")
    page.get_by_role("heading", name="Log", exact=True).click()
    entries = page.get_by_role("list", name="Events").get_by_role("listitem")
    expect(entries.first).to_contain_text("Trial 1 (linear) was begun by one.")
    expect(entries.last).to_contain_text("The study was put in the queue.")
    leases.fail(failing, TrialFailure.OUT_OF_MEMORY, "no room", 1.0)
    expect(entries.first).to_contain_text("The training needed more memory than it may use.")
    page.get_by_label("Events", exact=True).select_option("trouble")
    expect(entries).to_have_count(2)
    expect(entries.last).to_contain_text("tried again. Its training process crashed.")
    page.get_by_label("Find events").fill("memory")
    expect(entries).to_have_count(1)


def test_a_study_whose_trials_all_failed_says_so(page: Page, service: Service) -> None:
    study, leases = _study(service, trials=2), service.store.leases
    for _ in range(2):
        attempt = _begin(service, FamilyName.MLP, LONG)
        leases.record(attempt, [CurvePoint(1, float("nan"), None, None)])
        leases.fail(attempt, TrialFailure.NON_FINITE_LOSS, LONG, 1.0)
    assert leases.claim("hand") is None  # it sees that the search is over
    page.set_viewport_size({"width": 390, "height": 844})
    _open(page, service, study)
    expect(page.get_by_role("alert")).to_contain_text("No candidate could be trained to the end.")
    page.locator("table.trials button").first.click()
    expect(page.get_by_text("The training diverged")).to_be_visible()
    expect(page.get_by_text("Loss: nothing to show yet.", exact=True)).to_be_visible()
    for name in ("Learning curves", "Hyperparameters", "Time by family", "Workers", "Log"):
        page.get_by_role("heading", name=name, exact=True).click()
    expect(page.get_by_text("No trial is complete yet.")).to_be_visible()
    expect(page.get_by_role("list", name="Events").get_by_role("listitem")).to_have_count(8)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_phone_shows_the_families_whole(page: Page, service: Service) -> None:
    study = _study(service)
    names = (FamilyName.FT_TRANSFORMER, FamilyName.RANDOM_FOREST, FamilyName.EMBEDDING_BAG)
    for name in names:
        _complete(service, _begin(service, name), 0.5)
    page.set_viewport_size({"width": 390, "height": 844})
    _open(page, service, study)
    for name in names:
        cell = page.get_by_role("cell", name=name, exact=True)
        expect(cell).to_be_visible()
        whole = (
            "(cell) => [cell, ...cell.children].every((box) => box.scrollWidth <= box.clientWidth)"
        )
        assert cell.evaluate(whole), name
        assert cell.locator("xpath=../*[last()-2]").evaluate(whole), "its state"
        assert cell.evaluate("(cell) => cell.parentElement.offsetHeight") <= 39  # as all rows are


@pytest.fixture
def thousands(page: Page, service: Service) -> Iterator[tuple[Study, list[Route]]]:
    """A study whose leaderboard has ten thousand rows; but for the best, they come when told to."""
    study = _four(service)
    row = service.get(f"/v1/studies/{study.id}/trials").json()["items"][0]
    rows = [
        row | {"number": number, "value": 1 - number / 10_000, "family": LONG, "worker": LONG}
        for number in range(10_000)
    ]
    rows[5] |= {"value": None, "state": "failed", "seconds": None, "params": {"x": None}}
    held: list[Route] = []

    def answer(route: Route) -> None:
        asked = parse_qs(urlsplit(route.request.url).query)
        if asked.get("sort") == ["value"]:
            best = {"items": rows[:-101:-1], "next_cursor": "more"}
            route.fulfill(body=json.dumps(best), content_type="application/json")
        elif not held:
            held.append(route)
        else:
            start = int(asked.get("cursor", ["0"])[0])
            route.fulfill(body=_page_of(rows, start), content_type="application/json")

    page.route("**/trials?*", answer)
    yield study, held
    page.unroute("**/trials?*")


def _page_of(rows: list[dict[str, Any]], start: int) -> str:
    following = str(start + 500) if start + 500 < len(rows) else None
    return json.dumps({"items": rows[start : start + 500], "next_cursor": following})


def test_ten_thousand_trials_stay_light(
    page: Page, service: Service, thousands: tuple[Study, list[Route]]
) -> None:
    study, held = thousands
    page.set_viewport_size({"width": 1280, "height": 800})
    _open(page, service, study)
    rows = page.locator("table.trials tbody tr")
    expect(rows.first).to_contain_text("9999")
    expect(page.get_by_text("100 so far")).to_be_visible()
    first = {"items": [], "next_cursor": "0"}
    held[0].fulfill(body=json.dumps(first), content_type="application/json")
    expect(page.locator("table.trials")).to_have_attribute("aria-rowcount", "10001")
    expect(page.get_by_text("100 so far")).to_have_count(0)
    assert rows.count() < 100
    page.locator(".long").evaluate("(box) => { box.scrollTop = box.scrollHeight; }")
    expect(page.get_by_role("checkbox", name="Compare trial 5", exact=True)).to_be_visible()
    assert rows.count() < 100
    page.locator(".long").evaluate("(box) => { box.scrollTop = box.scrollHeight / 2; }")
    middle = page.get_by_role("checkbox", name="Compare trial 5000", exact=True)
    expect(middle).to_be_visible()
    page.get_by_label("Find trials").fill("4321")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("4321")
