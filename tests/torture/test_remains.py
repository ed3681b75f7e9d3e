"""What is left behind is found: bytes that changed, half an upload, a process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, update

from automl.settings import Settings
from automl.store import open_store
from automl.store.tables import artifacts, chunks
from tests.torture.remains import remains


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The data dir of a stopped service that holds one artifact."""
    store = open_store(Settings(data_dir=tmp_path))
    store.migrate()
    store.artifacts.put("default", "text/plain", [b"what was stored"])
    store.close()
    return tmp_path


def _remains(data_dir: Path) -> list[str]:
    return remains(data_dir, f"sqlite:///{data_dir / 'automl.sqlite'}")


def test_a_clean_service_leaves_nothing(data_dir: Path) -> None:
    assert _remains(data_dir) == []


def test_a_flipped_byte_is_found(data_dir: Path) -> None:
    engine = create_engine(f"sqlite:///{data_dir / 'automl.sqlite'}")
    with engine.begin() as connection:
        connection.execute(update(chunks).values(data=b"what was st0red"))
    engine.dispose()
    (breach,) = _remains(data_dir)
    assert breach.endswith("does not match its digest")


def test_bytes_that_no_sweep_will_remove_are_found(data_dir: Path) -> None:
    engine = create_engine(f"sqlite:///{data_dir / 'automl.sqlite'}")
    with engine.begin() as connection:
        connection.execute(update(artifacts).values(kept_until=None))
    engine.dispose()
    (breach,) = _remains(data_dir)
    assert breach.endswith("is kept for nobody")


def test_an_unfinished_upload_is_found(data_dir: Path) -> None:
    folder = data_dir / "api" / "inbox" / "killed"
    folder.mkdir(parents=True)
    (folder / "half").write_bytes(b"si")
    assert _remains(data_dir) == ["an unfinished upload: api/inbox/killed/half"]


def test_a_process_that_works_for_the_data_dir_is_found(data_dir: Path) -> None:
    wait = [sys.executable, "-c", "print(flush=True); input()"]
    environment = {**os.environ, "AUTOML_DATA_DIR": str(data_dir)}  # noqa: TID251 -- its heir
    with subprocess.Popen(
        wait, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as orphan:
        assert orphan.stdout is not None
        orphan.stdout.readline()  # it runs under its own name now
        (breach,) = _remains(data_dir)
        assert breach.startswith(f"an orphan: {orphan.pid} ")
        orphan.communicate(b"\n")
