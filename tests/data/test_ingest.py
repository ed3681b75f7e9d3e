"""Ingest in a child process: the same answers, a bound on memory and time."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.core.errors import DatasetUnreadable
from automl.core.schema import Profile
from automl.data import ingest, read
from tests.data.files import put
from tests.stopwatch import Stopwatch
from tests.tables import mixed


def run(source: Path, out: Path, *, memory: int = 2 << 30, timeout: float = 60.0) -> Profile:
    return ingest.run(
        source,
        name="data.csv",
        media_type=None,
        out=out,
        unpacked_limit=1 << 30,
        memory_bytes=memory,
        timeout_seconds=timeout,
    )


def test_the_child_answers_what_the_function_does(tmp_path: Path) -> None:
    source = mixed(tmp_path / "mixed.csv")
    here = read.ingest(
        source, name="data.csv", media_type=None, out=tmp_path / "a", unpacked_limit=1 << 30
    )
    assert run(source, tmp_path / "b") == here
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_refusals_come_over_whole(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match="Line 3 has 1 cells") as caught:
        run(put(tmp_path, "a,b\n1,2\n3\n4\n"), tmp_path / "out")
    assert [error.line for error in caught.value.errors] == [3, 4]
    assert not (tmp_path / "out").exists()


# With so little some libraries would not even load, and say anything.
@pytest.mark.parametrize("mebibytes", [100, 300, 320, 340])
def test_a_child_without_memory_is_a_refusal(mebibytes: int, tmp_path: Path) -> None:
    source = put(tmp_path, "a,b\n" + "1234567890,2345678901\n" * 1_000_000)
    with pytest.raises(DatasetUnreadable, match="MiB of memory"):
        run(source, tmp_path / "out", memory=mebibytes << 20)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("pool", ["system", None])
def test_thousands_of_columns_fit_whatever_the_parent_takes_its_memory_from(
    pool: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arrow's reader asks for as much as a block, here 4 MiB, for each of 1,500 columns."""
    if pool:
        monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", pool)  # as the API has it
    header = ",".join(f"c{n}" for n in range(1_500))
    row = "1," * 1_499
    source = put(tmp_path, f"{header}\n{row}{'x' * (4 << 20)}\n{row}y\n")
    assert len(run(source, tmp_path / "out").columns) == 1_500


def test_a_child_that_overstays_is_killed(tmp_path: Path) -> None:
    source = put(tmp_path, "a,b\n" + "1234567890,2345678901\n" * 1_000_000)
    with pytest.raises(DatasetUnreadable, match="longer than"):
        run(source, tmp_path / "out", timeout=0.05)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_gone_is_no_refusal(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ingest child failed"):
        run(tmp_path / "nothing", tmp_path / "out")


def test_the_child_ends_when_its_parent_does(tmp_path: Path) -> None:
    request = {
        "source": str(put(tmp_path, "a,b\n" + "1234567890,2345678901\n" * 3_000_000)),
        "name": "data.csv",
        "media_type": None,
        "out": str(tmp_path / "out"),
        "unpacked_limit": 1,
        "memory_bytes": 2 << 30,
    }
    command = [sys.executable, "-m", "automl.data.ingest"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
        assert child.stdin is not None
        child.stdin.write(json.dumps(request).encode() + b"\n")
        child.stdin.close()  # as the kernel does when the parent dies
        assert child.wait(timeout=20) == 1


MEASURE = """
import resource, sys, time
from pathlib import Path
from automl.data import read
rows = read.ingest(Path(sys.argv[1]), name="x", media_type=None, out=Path(sys.argv[2]),
                   unpacked_limit=1 << 30).rows
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak_mib(source: Path, out: Path) -> int:
    """Return the peak memory of an ingest in a process of its own."""
    command = [sys.executable, "-c", MEASURE, str(source), str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[1])


Rows = Iterator[tuple[str, str, int]]


def counted(rows: int) -> Rows:
    block = [(f"{n * 7919 % 100_003}.{n % 97}", f"word{n % 1009}", n) for n in range(20_000)]
    return islice(cycle(block), rows)


def as_csv(path: Path, rows: Rows) -> None:
    with path.open("w") as file:
        file.write("a,b,c\n")
        file.writelines(f"{a},{b},{c}\n" for a, b, c in rows)


def as_json(path: Path, rows: Rows) -> None:
    with path.open("w") as file:
        file.writelines(f'{{"a": {a}, "b": "{b}", "c": {c}}}\n' for a, b, c in rows)


def as_parquet(path: Path, rows: Rows) -> None:
    table = pa.table(dict(zip("abc", zip(*rows, strict=True), strict=True)))
    pq.write_table(table, path, row_group_size=100_000)


@pytest.mark.parametrize(
    ("write", "few", "many"),
    [(as_csv, 900_000, 2_400_000), (as_json, 200_000, 500_000), (as_parquet, 400_000, 1_000_000)],
)
def test_memory_does_not_grow_with_the_file(
    write: Callable[[Path, Rows], None], few: int, many: int, tmp_path: Path
) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    write(small, counted(few))  # several blocks
    write(large, counted(many))
    growth = peak_mib(large, tmp_path / "out") - peak_mib(small, tmp_path / "out")
    assert growth < 20


def test_a_bomb_is_cheap(tmp_path: Path) -> None:
    bomb = put(tmp_path, gzip.compress(b"a,b\n" + b"1,2\n" * (8 << 20), 9))
    with Stopwatch() as watch, pytest.raises(DatasetUnreadable, match="200:1"):
        run(bomb, tmp_path / "out", memory=600 << 20)
    assert watch.seconds < 5  # under a second on an idle machine


def test_the_parent_loads_nothing_heavy() -> None:
    code = "import sys, automl.data.ingest; print('numpy' in sys.modules, 'pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]
