"""docs/operations.md says what there is."""

from dataclasses import fields
from pathlib import Path

import pytest

from automl.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("name", [item.name for item in fields(Settings)])
def test_every_setting_is_in_the_table(name: str) -> None:
    assert f"| `AUTOML_{name.upper()}` |" in PAGE


def test_every_metric_named_is_there() -> None:
    source = (ROOT / "api" / "telemetry.py").read_text()
    for name in ("automl_http_request_seconds", "automl_store_up"):
        assert name in PAGE
        assert name in source
