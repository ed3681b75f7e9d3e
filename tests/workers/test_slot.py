"""What a slot knows of its child."""

import mmap
import os
import sys
from pathlib import Path

import pytest

from workers.slot import Slot

SIZE = 64 << 20


class This:
    """A child that is this process."""

    pid: int | None = os.getpid()
    lost = overdue = False

    def kill(self) -> None:
        """Stay."""

    def wait(self, timeout: float | None = None) -> int | None:
        """Return that it has ended."""
        return 0


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells of another process's memory")
def test_memory_is_what_a_child_has_of_its_own_and_not_what_it_has_mapped(tmp_path: Path) -> None:
    slot = Slot(lambda _line: This())
    slot.start()
    path = tmp_path / "rows"
    path.write_bytes(bytes(SIZE))
    before = slot.memory()
    assert before > 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as rows:
        assert not any(rows[at] for at in range(0, SIZE, mmap.PAGESIZE))
        assert abs(slot.memory() - before) < SIZE // 4
    with mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as own:
        own.write(b"1" * SIZE)
        assert slot.memory() - before > SIZE // 2
    slot.collect()
