"""What a shell offers when somebody presses the tab key."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from automl.core.catalog import FamilyName, MetricName, StudyStatus, TaskType
from automl.core.study import Study
from automl.settings import Settings
from tests.api.harness import Hand, Service, add_dataset, add_study

PROGRAM = """
import sys
from automl.cli import complete, main
complete.SECONDS = 60.0  # a machine that does much else is slow, not wrong
sys.argv[0] = "automl"
main()
"""


@pytest.fixture(scope="module")
def ended(service: Service) -> Study:
    study = add_study(service.store, add_dataset(service.store), trials=1)
    Hand(service.store).run(study.id)
    with service.store.unit() as unit:
        return unit.studies.get("default", study.id)


def offered(line: str, url: str = "http://127.0.0.1:1") -> list[str]:
    """Return what bash would offer at the end of a line; nothing else may be said."""
    given = {
        "_AUTOML_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    environment = Settings(url=url).child_environment(**given)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_and_choices() -> None:
    assert offered("automl stu") == ["studies"]
    assert set(offered("automl studies ")) >= {"start", "watch", "download", "export", "delete"}
    assert offered("automl fit --metric ") == [*MetricName]
    assert offered("automl studies start --family re") == [
        name for name in FamilyName if name.startswith("re")
    ]
    assert offered("automl fit --task ") == [*TaskType]
    assert offered("automl studies list --status ") == [*StudyStatus]


def test_ids_are_asked_of_the_service(service: Service, ended: Study) -> None:
    url = f"http://127.0.0.1:{service.port}"
    assert offered("automl studies watch ", url) == [ended.id]
    assert offered(f"automl datasets show {ended.spec.dataset_id[:9]}", url) == [
        ended.spec.dataset_id
    ]
    assert offered("automl models download ", url) == [ended.model_id, ended.id]
    assert offered(f"automl studies show --url {url} ") == [ended.id]


def test_nothing_is_offered_while_the_service_is_away(tmp_path: Path) -> None:
    assert offered("automl studies show ") == []
    assert offered("automl models delete ", "nonsense") == []
    assert offered("automl models delete ", f"http://127.0.0.1:1/{tmp_path}") == []


def test_the_script_for_a_shell_is_given() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--show-completion", "bash"],
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},  # noqa: TID251 -- of a child
        capture_output=True,
        text=True,
        check=True,
    )
    assert "_AUTOML_COMPLETE=complete_bash" in done.stdout
