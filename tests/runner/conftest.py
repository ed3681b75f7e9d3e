"""One worker over a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner.bench import Bench, open_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = open_bench(tmp_path)
    yield made
    made.store.close()
