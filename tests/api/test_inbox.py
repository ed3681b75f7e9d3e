import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from api.inbox import Inbox, Sink, receive
from automl.core.errors import DiskFull, TooLarge

CHILD = """
import sys, time
from pathlib import Path
from api.inbox import Inbox
inbox = Inbox(Path(sys.argv[1]))
inbox.open()
with inbox.sink(10):
    print("open", flush=True)
    time.sleep(60)
"""


async def _chunks(*chunks: bytes):  # type: ignore[no-untyped-def]
    for chunk in chunks:
        yield chunk


def _receive(inbox: Inbox, limit: int, *chunks: bytes) -> bytes:
    async def run() -> bytes:
        with inbox.sink(limit) as sink:
            received = await receive(_chunks(*chunks), sink)
            return received.path.read_bytes()

    return anyio.run(run)


@pytest.fixture
def inbox(tmp_path: Path):  # type: ignore[no-untyped-def]
    opened = Inbox(tmp_path)
    opened.open()
    yield opened
    opened.close()
    assert list(tmp_path.iterdir()) == []


def test_chunks_arrive_in_order(inbox: Inbox) -> None:
    big = os.urandom(3 * 1024 * 1024 + 17)
    assert _receive(inbox, 1 << 30, b"a", b"", big, b"z") == b"a" + big + b"z"


def test_the_limit_is_exact(inbox: Inbox) -> None:
    assert _receive(inbox, 4, b"ab", b"cd") == b"abcd"
    with pytest.raises(TooLarge):
        _receive(inbox, 4, b"ab", b"cd", b"e")


def test_a_full_disk_is_told(inbox: Inbox) -> None:
    async def run() -> None:
        sink = Sink(Path("/dev/full"), 10)
        await sink.write(b"x")
        await sink.close()

    with pytest.raises(DiskFull):
        anyio.run(run)


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    first = Inbox(tmp_path)
    first.open()
    assert len(list(tmp_path.iterdir())) == 2  # the living one keeps its folder
    child.kill()
    child.wait()
    child.stdout.close()
    second = Inbox(tmp_path)
    second.open()
    assert len(list(tmp_path.iterdir())) == 2  # the dead one's is gone, the two of ours stay
    first.close()
    second.close()
    assert list(tmp_path.iterdir()) == []
