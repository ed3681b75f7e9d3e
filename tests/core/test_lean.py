"""A lean process: Arrow without pandas and pools; few arenas; what is freed serves again."""

import ctypes
import subprocess
import sys
from types import ModuleType

import pytest

from automl.core.lean import _compared, for_pandas, without

CODE = """
import sys
from automl.core.lean import without_pandas
without_pandas()
import pyarrow
print(pyarrow.array(["a", "b"]).to_pylist(), "pandas" in sys.modules)
"""


def test_arrow_does_without_pandas() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)
    assert done.stdout.split("\n")[0] == "['a', 'b'] False"


STANDING_IN = """
import sys
from automl.core.lean import for_pandas, without_pandas
without_pandas()
with for_pandas():
    import pandas
print(isinstance(1, (pandas.DataFrame, pandas.Series)), "pandas" in sys.modules)
"""


def test_what_stands_in_for_pandas_is_nothing_and_goes() -> None:
    command = [sys.executable, "-c", STANDING_IN]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "False False\n"


def test_nothing_stands_in_for_a_pandas_that_is_not_kept_out() -> None:
    before = sys.modules.get("pandas")
    with for_pandas():
        assert sys.modules.get("pandas") is before


def test_a_pandas_that_was_loaded_before_it_was_kept_out_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = ModuleType("pandas")
    monkeypatch.setitem(sys.modules, "pandas", there)
    with without("pandas"), for_pandas():
        assert sys.modules["pandas"] is there
    assert sys.modules["pandas"] is there


FILES = """
import numpy
from pathlib import Path
from automl.core.lean import let_go_of_files

def of_files():
    return int(Path("/proc/self/statm").read_text().split()[2]) * 4096

held = of_files()
let_go_of_files()
print(held - of_files() > held // 2)
print(numpy.linalg.solve(numpy.eye(4), numpy.ones(4)).sum())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells of mappings")
def test_what_libraries_files_hold_is_let_go_of_and_found_again() -> None:
    done = subprocess.run([sys.executable, "-c", FILES], check=True, capture_output=True, text=True)
    assert done.stdout == "True\n4.0\n"


def mapping(
    first: int,
    rights: str,
    *,
    inode: int = 7,
    name: str = "/lib/some.so",
    anonymous: int = 0,
    swap: int = 0,
) -> str:
    return (
        f"{first:x}-{first + 4096:x} {rights} 00001000 fe:00 {inode}      {name}\n"
        f"Rss:      4 kB\nAnonymous:     {anonymous} kB\nSwap:     {swap} kB\nSwapPss:   0 kB\n"
    )


def test_of_what_is_mapped_only_what_equals_its_file_is_let_go_of() -> None:
    told = [
        mapping(0x1000, "r-xp"),
        mapping(0x3000, "rw-p"),
        mapping(0x5000, "r--p", anonymous=4),  # relocated
        mapping(0x7000, "r--p", swap=4),  # the same, and swapped out
        mapping(0x9000, "r--p", inode=0),
        mapping(0xB000, "r--p", name="/lib/some.so.1.2"),
        mapping(0xD000, "r--p", name="/data/rows.npy"),  # may be let go of by another thread
    ]
    found = {each.split("-")[0]: plain for each, plain in _compared("".join(told)).items()}
    assert found == {"1000": True, "5000": False, "7000": False, "b000": True}


CHANGING = """
from automl.core import lean

first, *others = [*lean._LIBRARY.finditer(lean._told("smaps"))]
told, did, asked = lean._told, [], []

def telling(what):
    asked.append(what)
    if what == "smaps" or len(asked) > 2:
        return told(what)
    larger = f"{int(first['last'], 16) + 4096:x} "
    return told(what).replace(f"{first['first']}-{first['last']} ", f"{first['first']}-{larger}")

lean._told = telling
lean.ctypes.CDLL = lambda _: type("C", (), {"madvise": lambda _, at, *__: did.append(at.value)})()
at = int(first["first"], 16)
for _ in range(3):
    did.clear()
    lean.let_go_of_files()
    print(at in did, len(did) > 0, {int(each["first"], 16) for each in (first, *others)} >= {*did})
print(asked)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells of mappings")
def test_what_another_thread_was_just_loading_stays_and_what_is_known_is_not_looked_at_again() -> (
    None
):
    command = [sys.executable, "-c", CHANGING]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == (
        "False True True\nTrue True True\nTrue True True\n"
        "['maps', 'smaps', 'maps', 'smaps', 'maps']\n"
    )


DEFERRED = """
import sys
from automl.core.lean import deferring
with deferring("wave", "sys"):
    import wave
    from wave import Error, open as opened
    assert sys.modules["sys"] is sys
print("wave" in sys.modules)
try:
    opened("/nowhere", "rb")
except FileNotFoundError:
    print("wave" in sys.modules, Error.__name__)
from wave import open as real
with deferring("wave"):
    from wave import open as same
print(same is real)
"""


def test_a_deferred_module_is_loaded_when_something_of_it_is_used() -> None:
    command = [sys.executable, "-c", DEFERRED]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "False\nTrue Error\nTrue\n"


WITHOUT = """
import sys
from automl.core.lean import without
with without("rich", "yaml"):
    import structlog
    import kombu.serialization
print({"rich", "yaml"} & {*sys.modules})
import rich
"""


def test_what_would_only_dress_a_library_up_stays_away_while_that_is_loaded() -> None:
    command = [sys.executable, "-c", WITHOUT]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


POOLS = """
from automl.core.lean import without_pools
without_pools()
import pyarrow
print(pyarrow.default_memory_pool().backend_name)
"""


def test_arrow_takes_its_memory_from_the_c_library() -> None:
    done = subprocess.run([sys.executable, "-c", POOLS], check=True, capture_output=True, text=True)
    assert done.stdout == "system\n"


ARENAS = """
import ctypes
import threading
from automl.core.lean import with_few_arenas
with_few_arenas()
gate = threading.Barrier(16)
def allocate():
    gate.wait()
    kept = [bytes(1000) for _ in range(1000)]
    gate.wait()
threads = [threading.Thread(target=allocate) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
stream = libc.fdopen(1, b"w")
libc.malloc_info(0, ctypes.c_void_p(stream))
libc.fflush(ctypes.c_void_p(stream))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library")
def test_sixteen_threads_share_two_arenas() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ARENAS], check=True, capture_output=True, text=True
    )
    assert 1 <= done.stdout.count("<heap nr=") <= 2


KEPT = """
import resource
from contextlib import nullcontext
from automl.core.lean import keeping_freed

def faults(how):
    with how:
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            several = [bytearray(24 << 20) for _ in range(4)]
            del several
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(faults(nullcontext()), faults(keeping_freed()), faults(nullcontext()))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library")
def test_what_is_freed_serves_what_comes_next_and_only_while_that_is_wished() -> None:
    done = subprocess.run([sys.executable, "-c", KEPT], check=True, capture_output=True, text=True)
    before, kept, after = map(int, done.stdout.split())
    assert kept < 20 < min(before, after)


GIVEN = """
from pathlib import Path
from automl.core.lean import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

kept, freed = [], []
for _ in range(2_000):
    freed.append(bytearray(40_000))
    kept.append(bytearray(600))  # what stays on top of each
held = resident()
freed.clear()
give_back()
print(held - resident())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library")
def test_what_lies_below_other_things_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", GIVEN], check=True, capture_output=True, text=True)
    assert int(done.stdout) > 40_000_000
