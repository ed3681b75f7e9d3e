"""Downloads that are cut and taken up again: the same bytes each time, at constant memory."""

import hashlib
import random
import time
from pathlib import Path

import httpx
from rich.progress import track

from tests.endurance.screen import say
from tests.endurance.service import running
from tests.endurance.upload import send, unsteady
from tests.endurance.weight import Watch, megabytes

COUNT = 50
SIZE = 200
"""Megabytes of the file; a model's download is the same code."""
CUTS = 3
"""Times that each download is cut."""


def run(folder: Path, count: int) -> list[str]:
    """Download ``count`` times, each cut several times; return what was broken."""
    chance = random.Random(0)
    with running(folder, workers=1) as service, httpx.Client(base_url=service.url) as http:
        dataset = send(http, SIZE)
        path = f"/v1/datasets/{dataset['id']}/download"
        size, sha256 = dataset["bytes"], dataset["sha256"]
        assert isinstance(size, int)
        fetch(service.url, path, [])  # the API has done it all once
        with Watch(service, 0.1) as quiet:
            time.sleep(3)
        began = time.monotonic()
        with Watch(service, 0.1) as watch:
            wrong = 0
            for _ in track(range(count), "downloads"):
                cuts = sorted(chance.randrange(1, size) for _ in range(CUTS))
                wrong += fetch(service.url, path, cuts) != sha256
        seconds = time.monotonic() - began
    say(f"{count} downloads of {megabytes(size)}, cut {CUTS} times each, in {seconds:.0f} s")
    say(f"mismatches: {wrong}")
    broken = [f"{wrong} downloads had other bytes"] if wrong else []
    return broken + unsteady(quiet, watch)


def fetch(url: str, path: str, cuts: list[int]) -> str:
    """Return the digest of a file that came in pieces, the connection cut after each."""
    digest, got, etag = hashlib.sha256(), 0, ""
    for end in [*cuts, None]:
        headers = {"Accept-Encoding": "identity"}
        if got:
            headers |= {"Range": f"bytes={got}-", "If-Range": etag}
        with httpx.stream("GET", url + path, headers=headers, timeout=60) as answer:
            answer.raise_for_status()
            assert answer.status_code == (206 if got else 200)
            etag = answer.headers["ETag"]
            for chunk in answer.iter_raw(1 << 16):
                piece = chunk if end is None else chunk[: end - got]
                digest.update(piece)
                got += len(piece)
                if got == end:
                    break  # with bytes on their way, the connection is reset
    return digest.hexdigest()
