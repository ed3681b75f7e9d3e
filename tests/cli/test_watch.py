"""``automl studies watch`` in a real terminal, against a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from automl.core.catalog import FamilyName
from automl.core.study import Study
from automl.core.trial import Attempt, Candidate, CurvePoint, Turn
from tests.api.harness import Hand, Service, add_dataset, add_study, serving
from tests.cli.terminal import running


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    # Nobody beats for the hand that trains here, however long a test takes.
    with serving(tmp_path / "service", lease_seconds=3600.0) as own:
        yield own


@pytest.fixture
def study(service: Service) -> Study:
    """A study with a complete trial, and another in training."""
    return add_study(service.store, add_dataset(service.store), trials=3)


def _train(service: Service, epoch: int, attempt: Attempt | None = None) -> Attempt:
    leases = service.store.leases
    if attempt is None:
        work = leases.claim("other")
        assert isinstance(work, Turn)
        attempt = leases.begin("other", work, Candidate(FamilyName.LINEAR, {"penalty": "l2"}))
        assert attempt is not None
    leases.record(attempt, [CurvePoint(epoch, value=0.25)])
    return attempt


def test_a_study_is_drawn_left_and_come_back_to(
    service: Service, study: Study, tmp_path: Path
) -> None:
    Hand(service.store, values=[0.5]).step()
    attempt = _train(service, 1)
    url = f"http://127.0.0.1:{service.port}"
    with running("studies", "watch", study.id, "--url", url, folder=tmp_path) as terminal:
        terminal.until("in training")
        terminal.until("1 running, 1 complete")
        terminal.until("log_loss 0.5")
        _train(service, 7, attempt)
        terminal.until("epoch 7")
        terminal.resize(60, 20)
        terminal.until("\x1b[2J")  # what was drawn wider is wiped
        terminal.interrupt()
        assert terminal.end() == 0, terminal.text
    again = f"automl studies watch {study.id} --url {url}"
    assert f"The study goes on. Come back with:  {again}" in terminal.text
    assert "Traceback" not in terminal.text


def test_without_colour_the_end_is_told(service: Service, study: Study, tmp_path: Path) -> None:
    Hand(service.store, values=[0.5, 0.3, 0.4]).run(study.id)
    url = f"http://127.0.0.1:{service.port}"
    arguments = ("studies", "watch", study.id, "--url", url)
    with running(*arguments, folder=tmp_path, columns=60, NO_COLOR="1") as terminal:
        assert terminal.end() == 0, terminal.text
    assert "succeeded 100%" in terminal.text
    assert "automl models download mdl_" in terminal.text
    assert "\x1b[32m" not in terminal.text
    assert "\x1b[1;32m" not in terminal.text
