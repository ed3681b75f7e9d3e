"""Bombs are refused by the standard library alone: before what reads tables is loaded."""

import gzip
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from automl.core.errors import DatasetUnreadable
from automl.data.bomb import refuse_bomb
from tests.data.files import put

LOOK = """
import sys
from pathlib import Path
from automl.core.errors import DatasetUnreadable
from automl.data.bomb import refuse_bomb
try:
    refuse_bomb(Path(sys.argv[1]), unpacked_limit=1 << 33)
except DatasetUnreadable:
    status = Path("/proc/self/status").read_text()  # getrusage would tell of our own memory too
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    print(int(peak) // 1024, "pyarrow" in sys.modules, "numpy" in sys.modules)
"""


def packed(parts: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return file.getvalue()


def listing(files: int, name: bytes) -> bytes:
    """Return a zip file that is a list of so many empty files, and nothing else."""
    entry = b"PK\1\2" + bytes(24) + len(name).to_bytes(2, "little") + bytes(16) + name
    end = b"PK\5\6" + bytes(8) + (len(entry) * files).to_bytes(4, "little")
    return b"PK\3\4" + entry * files + end + (4).to_bytes(4, "little") + bytes(2)


BOMBS: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "gzip": (lambda: gzip.compress(b"a,b\n" + bytes(64 << 20)), "200:1"),
    "zip": (lambda: packed({"a.xml": bytes(64 << 20)}), "200:1"),
    "many parts": (lambda: listing(100_001, b"a"), "100,000 files"),
    "long names": (lambda: listing(300, b"a" * 65_000), "100,000 files"),
    "climbing": (lambda: packed({"a/../../b": b""}), "leads out of it"),
    "absolute": (lambda: packed({"/b": b""}), "leads out of it"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_anything_is_loaded(name: str, tmp_path: Path) -> None:
    make, why = BOMBS[name]
    bomb = put(tmp_path, make())
    with pytest.raises(DatasetUnreadable, match=why):
        refuse_bomb(bomb, unpacked_limit=1 << 33)
    command = [sys.executable, "-c", LOOK, str(bomb)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    peak, *loaded = done.stdout.split()
    assert loaded == ["False", "False"]
    assert int(peak) < 40


@pytest.mark.parametrize(
    "content",
    [b"a,b\n1,2\n", gzip.compress(b"a,b\n1,2\n"), packed({"xl/workbook.xml": b"<a/>"})],
    ids=["text", "gzip", "workbook"],  # a gzip's bytes tell the hour: processes would disagree
)
def test_what_is_no_bomb_is_left_to_those_who_read_it(content: bytes, tmp_path: Path) -> None:
    refuse_bomb(put(tmp_path, content), unpacked_limit=1000)


def test_of_a_large_gzip_only_the_begin_is_unpacked(tmp_path: Path) -> None:
    whole = gzip.compress(bytes(range(256)) * (12 << 12), 1)  # 12 MiB, packed 100:1
    refuse_bomb(put(tmp_path, whole[:-8]), unpacked_limit=1 << 33)
