"""A process without pandas: Arrow works, and does not load it."""

import subprocess
import sys

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
