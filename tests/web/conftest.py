"""A real Chromium on the page of a real server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.api.harness import Service, serving

NETWORK = "Failed to load resource"
"""What Chromium itself logs of a refused or broken request; the page says it in its own words."""

expect.set_options(timeout=30_000)  # a machine that does much else is slow, not wrong


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium: without one these tests fail and say so."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "no chromium on the PATH: `make test` installs it where there is apt"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium, args=["--disable-dev-shm-usage"]
        )
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab of its own; whatever it logs as an error or throws fails the test."""
    context = browser.new_context()
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on(
        "console",
        lambda said: (
            wrong.append(said.text)
            if said.type in {"error", "warning"} and not said.text.startswith(NETWORK)
            else None
        ),
    )
    yield tab
    context.close()
    assert wrong == []


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A server whose workers' part a test plays by hand."""
    with serving(tmp_path) as running:
        yield running


@pytest.fixture
def flats(tmp_path: Path) -> Path:
    """A table whose strings would be markup if anything took them for it."""
    lines = ["size,colour,price"]
    for number in range(60):
        colour = ("<img src=x onerror=alert(1)>", "red")[number % 2]
        lines.append(f"{number},{colour},{1000 + 37 * number}")
    path = tmp_path / "flats.csv"
    path.write_text("\n".join(lines))
    return path
