"""A crew replaces who dies, and says so; in the end all are gone."""

import sys
from pathlib import Path

import psutil

from tests.e2e.service import until
from tests.torture.crew import Crew, Program
from tests.torture.reckoning import deaths_in

WAIT = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


def test_who_is_killed_is_replaced_and_all_end_with_the_block(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Crew([Program(name, WAIT, {}) for name in ("api", "worker-1", "worker-2")], log) as crew:
        api, first, second = *crew.of("api"), *crew.of("worker")
        first.kill()
        until(lambda: len(crew.of("worker")) == 2 and first not in crew.of("worker"), "gone")
        assert second in crew.of("worker")
        everyone = [api, second, *crew.of("worker")]
    _, alive = psutil.wait_procs(everyone, timeout=1)
    assert not alive
    assert deaths_in(log) == 1
