"""The whole service on a disk of 96 MiB: what was acknowledged stays, the rest leaves nothing.

The disk is mounted in a namespace that only the service sees, and goes with it.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests import tables
from tests.e2e.service import Service, serve, until

SIZE = "96m"
MOUNT = f'mount -t tmpfs -o size={SIZE} tmpfs "$0" && exec "$@"'


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Service]:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    within = [*namespace(), "sh", "-c", MOUNT, str(data_dir)]
    with serve(data_dir, workers=1, within=within) as service:
        yield service


def namespace() -> list[str]:
    """Return the command that mounts where nobody else sees it: as root, or as an ordinary user."""
    for command in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        mount = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
            return command
    pytest.skip("nothing can be mounted here; tests/store and tests/runner pretend that it is full")


def noise(seed: int, rows: int) -> bytes:
    """Return a CSV file that cannot be compressed much."""
    cells = np.random.default_rng(seed).random((rows, 8))
    head = ",".join(f"x{n}" for n in range(8))
    return "\n".join([head, *(",".join(f"{cell:.16f}" for cell in row) for row in cells)]).encode()


def upload(client: httpx.Client, content: bytes, name: str) -> httpx.Response:
    headers = {"Content-Type": "text/csv"}
    return client.post(f"/v1/datasets?name={name}", content=content, headers=headers)


def digest(client: httpx.Client, dataset: str) -> str:
    return hashlib.sha256(client.get(f"/v1/datasets/{dataset}/download").content).hexdigest()


def test_a_full_disk_loses_nothing_and_can_be_emptied(cramped: Service, tmp_path: Path) -> None:
    table = tables.mixed(tmp_path / "small.csv", rows=300).read_bytes()
    with httpx.Client(base_url=cramped.url, timeout=60) as client:
        kept = {upload(client, table, "small").json()["id"]: hashlib.sha256(table).hexdigest()}
        refused = fill(client, kept)
        assert refused.status_code == 507
        assert refused.json()["reason"] == "DISK_FULL"
        assert 0 < int(refused.headers["retry-after"]) <= 5
        stored = {item["id"]: item["sha256"] for item in listed(client)}
        assert stored == kept
        assert {dataset: digest(client, dataset) for dataset in kept} == kept
        small, *large = kept
        for dataset in large:
            remove(client, dataset)
        until(lambda: upload(client, noise(99, 20_000), "again").is_success, "no room again")
        assert study(client, small)["status"] == "succeeded"


def test_a_disk_that_others_filled_fails_trials_and_hurts_nothing_else(
    cramped: Service, tmp_path: Path
) -> None:
    table = tables.mixed(tmp_path / "small.csv", rows=300).read_bytes()
    ballast = Path(f"/proc/{cramped.process.pid}/root{cramped.data_dir}") / "ballast"
    with httpx.Client(base_url=cramped.url, timeout=60) as client:
        dataset = upload(client, table, "small").json()["id"]
        leave(ballast, 12 << 20)
        failed = study(client, dataset)
        path = f"/v1/studies/{failed['id']}"
        assert failed["error"]["reason"] == "NO_TRIAL_COMPLETED"
        reasons = [trial["reason"] for trial in client.get(f"{path}/trials").json()["items"]]
        assert reasons == ["DISK_FULL", "DISK_FULL"]
        leave(ballast, 0)
        refused = [
            upload(client, table, "more"),
            client.post("/v1/studies", json=spec(dataset)),
            client.delete(path),
        ]
        assert [(one.status_code, one.json()["reason"]) for one in refused] == [
            (507, "DISK_FULL")
        ] * 3
        assert client.get(path).json()["status"] == "failed"
        assert client.get("/readyz").is_success
        ballast.unlink()
        more = {"budget": {"trials": 2}}
        until(lambda: client.post(f"{path}/resume", json=more).is_success, "no room again")
        assert ended(client, path)["status"] == "succeeded"


def leave(ballast: Path, room: int) -> None:
    """Fill the disk up to ``room`` bytes."""
    ballast.unlink(missing_ok=True)
    disk = os.statvfs(ballast.parent)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - room)


def fill(client: httpx.Client, kept: dict[str, str]) -> httpx.Response:
    """Upload until there is no room; note what was acknowledged, return the refusal."""
    for seed in range(40):
        content = noise(seed, 40_000)  # 6 MB
        response = upload(client, content, f"n{seed}")
        if not response.is_success:
            return response
        kept[response.json()["id"]] = hashlib.sha256(content).hexdigest()
    raise AssertionError("the disk was never full")


def remove(client: httpx.Client, dataset: str) -> None:
    path = f"/v1/datasets/{dataset}"
    until(lambda: client.delete(path).status_code in (204, 404), "it cannot be deleted")


def listed(client: httpx.Client) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/v1/datasets?limit=500").json()["items"]
    return items


def spec(dataset: str) -> dict[str, Any]:
    return {
        "dataset_id": dataset,
        "task": {"type": "classification", "target": "y"},
        "budget": {"trials": 2},
        "families": ["linear"],
    }


def study(client: httpx.Client, dataset: str) -> dict[str, Any]:
    response = client.post("/v1/studies", json=spec(dataset))
    assert response.is_success, response.text
    return ended(client, response.headers["location"])


def ended(client: httpx.Client, path: str) -> dict[str, Any]:
    over = ("succeeded", "failed", "cancelled")
    until(lambda: client.get(path).json()["status"] in over, "the study never ended")
    found: dict[str, Any] = client.get(path).json()
    return found
