"""docs/operations.md says what there is."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from api.telemetry import Telemetry
from automl.settings import Settings
from automl.store import open_store

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("name", [item.name for item in fields(Settings)])
def test_every_setting_is_in_the_table(name: str) -> None:
    assert f"| `AUTOML_{name.upper()}` |" in PAGE


def test_every_metric_is_in_the_table_and_every_one_there_is(tmp_path: Path) -> None:
    store = open_store(Settings(data_dir=tmp_path))
    store.migrate()
    shown = Telemetry(store).page().decode()
    store.close()
    assert set(re.findall(r"^# HELP (\w+)", shown, re.MULTILINE)) == set(
        re.findall(r"`(automl_\w+)`", PAGE)
    )
