"""The page's files as they are served and packed."""

import gzip
import re
import shutil
import sys
import zipfile
from pathlib import Path
from subprocess import run

import pytest

from api import pages
from tests.api.harness import Service
from tests.api.problems import problem

WEB = Path(pages.__file__).with_name("web")


def test_all_scripts_together_are_small() -> None:
    scripts = b"".join(page.content for name, page in pages.load().items() if name.endswith(".js"))
    assert len(gzip.compress(scripts)) <= 150_000


@pytest.mark.parametrize("name", sorted(pages.load()))
def test_a_file_is_served_as_what_it_is(service: Service, name: str) -> None:
    answer = service.get(f"/assets/{name}")
    expected = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg"}
    assert answer.content == (WEB / name).read_bytes()
    assert answer.headers["content-type"].startswith(expected[name.rpartition(".")[2]])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    again = service.get(f"/assets/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_may_load_from_nowhere_else(service: Service, path: str) -> None:
    answer = service.get(path)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=|https?://", answer.text)


@pytest.mark.parametrize("path", ["README.md", "nothing.js", "../pages.py", "%2e%2e/pages.py"])
def test_nothing_else_is_served(service: Service, path: str) -> None:
    problem(service.get(f"/assets/{path}"), 404, "NOT_FOUND")


def test_no_script_makes_markup_of_text() -> None:
    for path in (path for path in WEB.rglob("*.js") if path.parent.name != "vendor"):
        found = re.search(
            r"innerHTML|insertAdjacentHTML|document\.write|\beval\b", path.read_text()
        )
        assert found is None, path.name


def test_every_import_is_there() -> None:
    for path in WEB.rglob("*.js"):
        for name in re.findall(r'^import\b[^;"]*?from\s*"([^"]+)"', path.read_text(), re.MULTILINE):
            assert (path.parent / name).is_file(), f"{path.name} imports {name}"


def test_an_installed_package_has_them_with_their_licences(tmp_path: Path) -> None:
    root, copy = WEB.parents[1], tmp_path / "source"
    for name in ("api", "automl", "workers"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(root / name, copy)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    run([*command, "--wheel-dir", tmp_path, copy], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {path.relative_to(root).as_posix() for path in WEB.rglob("*") if path.is_file()}
    assert wanted <= packed
