"""One fit and one prediction of one system, in that system's own interpreter.

    python -m benchmarks.peers.worker FOLDER

The folder holds ``job.json``, ``train.csv`` and ``test.csv`` without its target, which only the
parent knows. Left in it are ``outcome.json``, rewritten after every stage, and ``answers.npy``.
This process is counted with the system's, so nothing is loaded before it is used.
"""

import importlib
import json
import os
import statistics
import sys
import time
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import Adapter, Job

SINGLE_ROWS = 100
SINGLE_SECONDS = 10.0
BATCH_SECONDS = 1.0
WARM = 3


def main() -> None:
    """Run the folder's job; leave with 0 if all of it was done."""
    folder = Path(sys.argv[1]).resolve()
    outcome: dict[str, Any] = {"stage": "start"}
    try:
        work(folder, outcome)
    except BaseException as error:  # noqa: BLE001 -- whatever a system raises is its result
        traceback.print_exc()
        outcome["why"] = f"{type(error).__name__}: {error}"[:600]
    note(folder, outcome)
    sys.stdout.flush()
    os._exit(outcome["stage"] != "done")  # some libraries hang when the interpreter ends


def work(folder: Path, outcome: dict[str, Any]) -> None:
    """Take the job through its stages."""
    given = json.loads((folder / "job.json").read_text())
    system = given.pop("system")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given["cores"]])
    kind = importlib.import_module(f"benchmarks.peers.{system}").System
    adapter: Adapter = kind(Job(**given, folder=folder))
    try:
        measure(adapter, folder, outcome)
    finally:
        adapter.close()


def measure(adapter: Adapter, folder: Path, outcome: dict[str, Any]) -> None:
    """Fit, predict and weigh."""
    began = time.perf_counter()
    adapter.prepare(folder / "train.csv")
    outcome["start_seconds"] = since(began)
    outcome["versions"] = versions(adapter)
    enter("fit", folder, outcome)
    began = time.perf_counter()
    adapter.fit()
    outcome["fit_seconds"] = since(began)
    enter("predict", folder, outcome)
    import numpy as np

    adapter.ready()
    rows = adapter.rows(folder / "test.csv")
    outcome["row_milliseconds"] = latency(adapter, rows)
    outcome["predict_seconds"], answers = batch(adapter, rows)
    np.save(folder / "answers.npy", answers)
    enter("size", folder, outcome)
    outcome["model_megabytes"] = round(adapter.size() / 1e6, 3)
    outcome["notes"] = adapter.notes()
    outcome["stage"] = "done"


def batch(adapter: Adapter, rows: Any) -> tuple[float, Any]:
    """Return the median seconds for all rows, and the answers; quick ones are asked again."""
    taken: list[float] = []
    while True:
        began = time.perf_counter()
        classes, answers = adapter.predict(rows)
        taken.append(time.perf_counter() - began)
        if sum(taken) >= BATCH_SECONDS or len(taken) == 5:
            break
    return round(statistics.median(taken), 5), aligned(classes, answers, adapter.job.labels)


def aligned(classes: list[Any], answers: Any, labels: int) -> Any:
    """Return ``(rows,)`` values, or ``(rows, labels)`` probabilities in the order of the codes."""
    import numpy as np

    if not labels:
        return np.asarray(answers, dtype=float).ravel()
    found = np.asarray(answers, dtype=float)
    full = np.zeros((len(found), labels))
    full[:, [int(float(code)) for code in classes]] = found
    return full


def latency(adapter: Adapter, rows: Any) -> float:
    """Return the median milliseconds of predicting one row, after a few."""
    import numpy as np

    taken: list[float] = []
    began = time.perf_counter()
    for index in np.linspace(0, len(rows_of(rows)) - 1, SINGLE_ROWS + WARM).astype(int):
        row = adapter.part(rows, int(index))
        start = time.perf_counter()
        adapter.predict(row)
        taken.append(time.perf_counter() - start)
        if len(taken) > WARM and time.perf_counter() - began > SINGLE_SECONDS:
            break
    return round(1e3 * statistics.median(taken[WARM:]), 4)


def rows_of(rows: Any) -> Any:
    """Return something as long as there are rows: a frame, or a column of named arrays."""
    return next(iter(rows.values())) if isinstance(rows, dict) else rows


def versions(adapter: Adapter) -> dict[str, str]:
    """Return the versions of the packages that matter, and Python's."""
    found = {"python": sys.version.split()[0]}
    for name in (adapter.package, *adapter.packages):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def enter(stage: str, folder: Path, outcome: dict[str, Any]) -> None:
    """Note where the work is, for a parent that may have to end it."""
    outcome["stage"] = stage
    note(folder, outcome)


def note(folder: Path, outcome: dict[str, Any]) -> None:
    """Write what is known so far."""
    (folder / "outcome.json").write_text(json.dumps(outcome))


def since(began: float) -> float:
    """Return the seconds since then."""
    return round(time.perf_counter() - began, 3)


if __name__ == "__main__":
    main()
