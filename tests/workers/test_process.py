"""What a child may not do to the machine."""

import subprocess
import sys

HUNGRY = """
from workers.process import bound_memory

bound_memory(100 << 20)
hoard = []
try:
    while len(hoard) < 64:
        hoard.append(bytearray(64 << 20))
except MemoryError:
    taken, hoard = len(hoard), []
    bytearray(64 << 20)  # it goes on
    print(taken * 64)
"""


def test_what_allocates_without_end_is_stopped_above_the_limit() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HUNGRY], capture_output=True, text=True, check=True
    )
    assert 150 <= int(done.stdout) <= 150 + 1024


IGNORED = """
import signal
from workers.process import apart

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
apart(lambda: print("done", flush=True))
print("over")
"""


def test_what_is_done_apart_is_waited_for_where_the_ends_of_children_are_ignored() -> None:
    command = [sys.executable, "-c", IGNORED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("done\nover\n", "")


APART = """
import sys
from workers.process import apart

def work():
    import colorsys
    print("done", flush=True)
    raise ValueError

apart(work)
print("colorsys" in sys.modules)
"""


def test_what_is_done_apart_leaves_nothing_loaded_and_fails_for_itself() -> None:
    done = subprocess.run([sys.executable, "-c", APART], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("done\nFalse\n", "")
