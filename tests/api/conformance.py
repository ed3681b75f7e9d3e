"""Schemathesis against a service of our own: ``python -m tests.api.conformance --examples 100``.

Its examples, coverage, fuzzing and stateful phases with every check it has. A hand ends the studies
that it starts, so that models, reports and deletions come into play. Equal seeds, equal requests.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from automl.core.errors import AutoMLError
from automl.core.leases import Worker
from automl.store import open_store
from tests.api.harness import Hand, Service, serving
from tests.runner.bench import Bench

FOLDER = Path(__file__).parent
_COUNT = re.compile(
    r'automl_http_request_seconds_count{method="(\w+)",route="([^"]+)",status="(\d+)"} (\S+)'
)
ROWS = b"size,colour\n" + b"1,red\n2,blue\n" * 20


def run(service: Service, *, examples: int, seed: int) -> "subprocess.CompletedProcess[str]":
    """Return what schemathesis has to say of a service; exit code 0: nothing."""
    url = f"http://127.0.0.1:{service.port}/openapi.json"
    command = [sys.executable, "-m", "schemathesis.cli"]
    command += ["--config-file", str(FOLDER / "schemathesis.toml"), "run", url, "--no-color"]
    command += ["--max-examples", str(examples), "--seed", str(seed), "--continue-on-failure"]
    first = service.get("/v1/studies").json()["items"][-1]
    environment = {
        **os.environ,  # noqa: TID251 -- a user's shell
        "SCHEMATHESIS_HOOKS": "tests.api.conformance_hooks",
        "TRAINED_STUDY": first["id"],
        "TRAINED_MODEL": first["model_id"],
    }
    return subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environment,
    )  # fmt: skip


@contextmanager
def working(folder: Path) -> Iterator[Service]:
    """Give a service with a dataset, a study with all it ends with, and a hand for all others."""
    with serving(folder, max_upload_bytes=2 * 1024 * 1024) as service:
        _train(service, folder)
        over = threading.Event()
        thread = threading.Thread(target=_work, args=(Hand(service.store), over))
        thread.start()
        try:
            yield service
        finally:
            over.set()
            thread.join()


def answers(service: Service) -> Counter[tuple[str, int]]:
    """Return how often each route was answered with each status."""
    found = Counter[tuple[str, int]]()
    for line in service.get("/metrics").text.splitlines():
        if match := _COUNT.match(line):
            found[f"{match[1]} {match[2]}", int(match[3])] += int(float(match[4]))
    return found


def _train(service: Service, folder: Path) -> None:
    headers = {"Content-Type": "text/csv"}
    dataset = service.post("/v1/datasets", content=ROWS, headers=headers).json()["id"]
    spec = {
        "dataset_id": dataset,
        "task": {"type": "classification", "target": "colour"},
        "budget": {"trials": 2},
        "families": ["linear"],
    }
    study_id = service.post("/v1/studies", json=spec).json()["id"]
    with closing(open_store(service.settings)) as store:
        bench = Bench(store, service.context.cache, folder)
        with store.unit() as unit:
            study = unit.studies.get("default", study_id)
        bench.work_off(study, bench.runner())


def _work(hand: Hand, over: threading.Event) -> None:
    """Work step by step: some studies should be steered before they end, and one has no end."""
    while not over.wait(0.1):
        hand.store.leases.beat(Worker(hand.name, "cpu", "idle", 0.0), ())
        with suppress(AutoMLError):  # a study that is deleted or cancelled meanwhile
            hand.step()


def main() -> int:
    """Run it for as long as wished; exit code 1 when something was found."""
    parser = argparse.ArgumentParser(description="Hold a service against its own document.")
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, working(Path(folder)) as service:
        done = run(service, examples=given.examples, seed=given.seed)
        told = answers(service)
    sys.stdout.write(done.stdout)
    sys.stdout.writelines(
        f"{count:7,} {status} {route}\n" for (route, status), count in sorted(told.items())
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
