"""What planning loaded is let go of before a study trains; a plan alone leaves it for the next."""

from contextlib import closing
from pathlib import Path

import pytest

from automl.core.study import Budget
from automl.service import studies
from tests.runner.bench import TENANT, open_bench


def test_who_trains_has_the_room_of_what_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    did: list[str] = []
    monkeypatch.setattr(studies, "let_go_of_files", lambda: did.append("let go"))
    bench = open_bench(tmp_path)
    with closing(bench.store):
        study = bench.study(budget=Budget(seconds=None, trials=1), families=None, rows=60)
        assert did == ["let go"]
        studies.plan(bench.store, bench.cache, TENANT, study.spec)
    assert did == ["let go"]
