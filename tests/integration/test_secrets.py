"""The passwords of both stores stand in the environment, and nowhere in a log."""

import os
import subprocess
from pathlib import Path

from tests import servers
from tests.e2e.service import AUTOML, until

STORE, BROKER = "store-s3cret", "broker-s3cret"


def test_no_password_is_logged_however_much_is_told(tmp_path: Path) -> None:
    """Both stores are away, which is when most is said of them."""
    port, log = servers.free_port(), tmp_path / "log"
    environment = {
        **os.environ,  # noqa: TID251 -- a user's shell
        "AUTOML_DATA_DIR": str(tmp_path / "data"),
        "AUTOML_DATABASE_URL": f"postgresql://automl:{STORE}@127.0.0.1:{port}/automl",
        "AUTOML_BROKER_URL": f"redis://:{BROKER}@127.0.0.1:{port}/0",
        "AUTOML_LOG_LEVEL": "DEBUG",
    }
    with log.open("wb") as output:
        parts = [
            subprocess.Popen([AUTOML, part], env=environment, stdout=output, stderr=output)
            for part in ("api", "worker")
        ]
        try:
            assert parts[0].wait(30) == 1
            until(lambda: "store.away" in log.read_text(), "the worker never looked")
        finally:
            for part in parts:
                part.kill()
                part.wait()
    told = log.read_text()
    assert STORE not in told
    assert BROKER not in told
