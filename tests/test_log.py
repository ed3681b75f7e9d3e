"""What is logged stays one line of JSON, whatever it speaks of."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from automl import bootstrap

HOSTILE = 'a"b\n{"level": "forged"}\r\n\x1b[31mred\x1b[0m\u2028\u202e\0<script>'


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    root, out, before = logging.getLogger(), io.StringIO(), structlog.get_config()
    handlers, level = root.handlers, root.level
    monkeypatch.setattr("sys.stderr", out)
    bootstrap.log_to_stderr("INFO")
    yield out
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


def test_names_cannot_forge_a_line(written: io.StringIO) -> None:
    structlog.get_logger("x").warning(HOSTILE, name=HOSTILE)
    logging.getLogger("y").warning("%s", HOSTILE)
    logging.getLogger("z").error("broken", exc_info=ValueError(HOSTILE))
    lines = written.getvalue().splitlines()
    assert len(lines) == 3
    for line in lines:
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line)["level"] in {"warning", "error"}
    assert json.loads(lines[0])["name"] == HOSTILE
