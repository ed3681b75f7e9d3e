"""A gigabyte of CSV, made while it is sent: the API takes it at constant memory."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
from rich.progress import track

from tests.endurance.screen import say
from tests.endurance.service import running
from tests.endurance.weight import Ingests, Watch, megabytes, tenths

COUNT = 1000
"""Megabytes."""
SPAN = 20e6
"""The API's memory may go so many bytes up and down from its middle."""
COLUMNS, WIDTH = 8, 8
ROW = COLUMNS * WIDTH + 2
"""Bytes: each cell is ``d.ddddd`` and a comma, then the class and the line's end."""


def run(folder: Path, count: int) -> list[str]:
    """Upload ``count`` MB; return what was broken."""
    with running(folder, workers=1) as service, httpx.Client(base_url=service.url) as http:
        send(http, 8)  # the API has done it all once
        with Watch(service, 0.1) as quiet:
            time.sleep(3)
        began = time.monotonic()
        with Watch(service, 0.1) as watch, Ingests(service) as ingests:
            dataset = send(http, count)
        seconds = time.monotonic() - began
        with Watch(service, 0.1) as after:
            time.sleep(3)
    say(f"{count} MB, {dataset['rows']:,} rows, sent, parsed and stored in {seconds:.0f} s")
    say(f"ingest child: at most {megabytes(ingests.peak)} resident")
    files = after.samples[-1].files - quiet.samples[-1].files
    broken = [f"{files} temporary files are left"] if files else []
    return broken + unsteady(quiet, watch)


def unsteady(quiet: Watch, watch: Watch) -> list[str]:
    """Print how the API's memory went before and during the work; return whether too far."""
    before, during = (seen.series("api", lambda weight: weight.memory) for seen in (quiet, watch))
    swing = (max(before + during) - min(before + during)) / 2
    say(f"API: ± {megabytes(swing)}: {tenths(before)} before, {tenths(during)} during")
    return [f"the API's memory went ± {megabytes(swing)}"] if swing > SPAN else []


def send(http: httpx.Client, megabytes_: int) -> dict[str, object]:
    """Upload a generated table and return its dataset."""
    blocks = track(table(megabytes_), f"{megabytes_} MB", total=megabytes_ + 1)
    answer = http.post(
        "/v1/datasets",
        params={"name": "large"},
        content=iter(blocks),
        headers={"Content-Type": "text/csv"},
        timeout=httpx.Timeout(30.0, read=900.0),
    )
    answer.raise_for_status()
    dataset: dict[str, object] = answer.json()
    return dataset


def table(megabytes_: int, *, seed: int = 0) -> Iterator[bytes]:
    """Yield a CSV file in blocks of a megabyte: random numbers and a class, no row like another."""
    yield b",".join(b"x%d" % n for n in range(COLUMNS)) + b",y\n"
    chance = np.random.default_rng(seed)
    rows = 1_000_000 // ROW
    for _ in range(megabytes_):
        cells = chance.integers(48, 58, (rows, ROW), dtype=np.uint8)
        cells[:, 1 : COLUMNS * WIDTH : WIDTH] = ord(".")
        cells[:, WIDTH - 1 : COLUMNS * WIDTH : WIDTH] = ord(",")
        cells[:, -2] = ord("a") + cells[:, -2] % 2
        cells[:, -1] = ord("\n")
        yield cells.tobytes()
