"""What the documents show works: the notebook, the how-to, the examples in docstrings."""

import doctest
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import automl.client
import automl.estimators
from tests.api.harness import Service
from tests.client import notebook
from tests.client.working import working

HOW_TO = Path(__file__).parents[2] / "docs" / "from-python.md"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with working(tmp_path_factory.mktemp("service")) as running:
        yield running


def test_the_notebook_shows_what_it_says(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cells = notebook.code(notebook.read())
    shown = list(notebook.run(cells, url=f"http://127.0.0.1:{service.port}"))
    assert sum(map(bool, shown)) == len(cells) - 2  # the first prepares, the last closes
    html = "".join("".join(output["data"].get("text/html", "")) for [output] in filter(None, shown))
    assert "<svg" in html
    assert "<script" not in html
    assert html.count("decision_tree") >= 3
    assert shown[-2][0]["data"]["text/plain"] == ["True"]


def test_the_notebook_keeps_what_it_showed() -> None:
    """Who reads it where code is kept sees the results; ``tests.client.notebook`` renews them."""
    cells = notebook.code(notebook.read())
    kept = [output for cell in cells for output in cell["outputs"]]
    assert len(kept) == len(cells) - 2
    html = "".join("".join(output["data"].get("text/html", "")) for output in kept)
    assert 'src="data:image/svg+xml;base64,' in html
    assert "<svg" not in html
    assert notebook.NOTEBOOK.stat().st_size < 300_000


def test_the_how_to_leads_to_predictions(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), flags=re.DOTALL)
    assert len(blocks) > 5
    for block in blocks:
        notebook.execute(block.replace(notebook.URL, f"http://127.0.0.1:{service.port}"), names)
    names["client"].close()
    printed = capsys.readouterr().out
    assert "linear" in printed
    assert "INVALID_SPEC There is no column 'progres'; diabetes has 'age'" in printed


def _modules() -> Iterator[ModuleType]:
    for package in (automl.client, automl.estimators):
        yield package
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield import_module(module.name)


def test_examples_in_docstrings_hold() -> None:
    results = [doctest.testmod(module) for module in _modules()]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) >= 20
