"""A lean process: without pandas Arrow works and does not load it; threads share arenas."""

import ctypes
import subprocess
import sys

import pytest

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


ARENAS = """
import ctypes
import sys

import pytest
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
