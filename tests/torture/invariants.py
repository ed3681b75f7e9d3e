"""What must hold of every study after every case: each check returns breaches in words.

The checks look at `Evidence` only, so that they can be tried on made-up studies.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import onnxruntime

from automl.core import metric
from automl.core.catalog import MetricName
from tests.torture.evidence import PROBE, Evidence, Json
from tests.torture.fold import ENDS, fold, seconds

ENDED = frozenset({"succeeded", "failed", "cancelled"})
GRACE_SECONDS = 60.0
"""A study under fire may take so much longer than its budget in seconds."""

_TOLERANCE = 1e-9


def breaches(seen: Evidence) -> list[str]:
    """Return every breach of every invariant, with the study's id."""
    return [f"{seen.study['id']}: {breach}" for check in CHECKS for breach in check(seen)]


def gapless(seen: Evidence) -> Iterator[str]:
    """Event numbers are 1..N, and every reader saw the same log up to where its stream ended."""
    numbers = [event["seq"] for event in seen.events]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the log's numbers are {numbers}"
    if len(numbers) != seen.study["last_seq"]:
        yield f"the log has {len(numbers)} events, the study says {seen.study['last_seq']}"
    for place, view in enumerate(seen.views):
        if list(view) != list(seen.events[: len(view)]):
            yield f"reader {place} saw another log"
        if not view or view[-1]["type"] not in ENDS:
            yield f"reader {place}'s stream did not end with the study's end"


def ended(seen: Evidence) -> Iterator[str]:
    """The study has ended, and its log's last event says how."""
    status = seen.study["status"]
    if status not in ENDED:
        yield f"the study is {status}"
    elif not seen.events or seen.events[-1]["type"] != f"study.{status}":
        yield f"the study is {status}, its log ends otherwise"
    if status == "failed" and not _fruitless(seen):
        yield f"the study failed: {seen.study['error']}"


def timely(seen: Evidence) -> Iterator[str]:
    """A study with a budget in seconds has ended within it and a minute more."""
    late = overrun(seen)
    if late is not None and late > GRACE_SECONDS:
        yield f"it ended {late:.1f} s after its budget of {seen.study['budget']['seconds']:g} s"


def overrun(seen: Evidence) -> float | None:
    """Return by how many seconds a study outlasted its budget, None where it has none in seconds.

    Less than 0: it ended earlier, as one does that is cancelled.
    """
    begun, ended_at = seen.study["started_at"], seen.study["finished_at"]
    budget = seen.study["budget"]["seconds"]
    if begun is None or ended_at is None or budget is None:
        return None
    return seconds(ended_at) - seconds(begun) - float(budget)


def one_outcome(seen: Evidence) -> Iterator[str]:
    """Every trial has exactly one outcome, told by the attempt that held it."""
    state = fold(seen.events)
    yield from state.strays
    for number, told in state.trials.items():
        if told.outcomes != 1:
            yield f"trial {number} has {told.outcomes} outcomes"


def counted(seen: Evidence) -> Iterator[str]:
    """Numbers run from 0, the counts are those of the trials, and none is missing."""
    numbers = [trial["number"] for trial in seen.trials]
    if numbers != list(range(len(numbers))):
        yield f"the trials' numbers are {numbers}"
    counts = Counter(trial["state"] for trial in seen.trials)
    shown = {state: n for state, n in seen.study["progress"]["trials"].items() if n}
    if shown != dict(counts):
        yield f"the study counts {shown}, its trials are {dict(counts)}"
    planned = seen.study["budget"]["trials"]
    whole = seen.study["status"] == "succeeded" and seen.study["budget"]["seconds"] is None
    if planned is not None and (len(numbers) > planned or (whole and len(numbers) < planned)):
        yield f"{planned} trials were planned, there are {len(numbers)}"


def foldable(seen: Evidence) -> Iterator[str]:
    """Folding the log gives the study and its trials as they are shown."""
    state = fold(seen.events)
    if state.status != seen.study["status"]:
        yield f"the log comes to {state.status}, the study is {seen.study['status']}"
    if state.best != seen.study["best"]:
        yield f"the log's best is {state.best}, the study's {seen.study['best']}"
    for trial in seen.trials:
        told = state.trials.get(trial["number"])
        shown = tuple(trial[name] for name in ("state", "attempts", "worker", "value", "reason"))
        tells = told and (told.state, told.attempts, told.worker, told.value, told.reason)
        if tells != shown:
            yield f"trial {trial['number']} is {shown}, the log comes to {tells}"


def best(seen: Evidence) -> Iterator[str]:
    """The best trial is the best of the complete ones; of equals the first."""
    name = MetricName(seen.study["metric"]["name"])
    found: Json | None = None
    for trial in seen.trials:
        if trial["state"] == "complete":
            if trial["value"] is None:
                yield f"trial {trial['number']} is complete without a value"
            elif metric.better(name, trial["value"], found["value"] if found else None):
                found = trial
        elif trial["value"] is not None:
            yield f"trial {trial['number']} is {trial['state']} and has a value"
    shown = seen.study["best"] and seen.study["best"]["trial"]
    if (found and found["number"]) != shown:
        yield f"the best is trial {found and found['number']}, the study says {shown}"


def right_bytes(seen: Evidence) -> Iterator[str]:
    """A study with a result has a model, and each file is the one announced."""
    if seen.model is None:
        if seen.study["progress"]["trials"]["complete"]:
            yield "there are complete trials and no model"
        return
    for offered in seen.model["formats"]:
        file = seen.files[offered["format"]]
        if not file.sha256 == offered["sha256"] == file.etag:
            yield f"{offered['format']}: {file.sha256}, {offered['sha256']}, ETag {file.etag}"
        if len(file.content) != offered["bytes"]:
            yield f"{offered['format']}: {len(file.content)} of {offered['bytes']} bytes"


def predicts(seen: Evidence) -> Iterator[str]:
    """The file runs in plain ONNX Runtime and says of the probe rows what the service says."""
    if seen.model is None or seen.predictions is None:
        return
    session = onnxruntime.InferenceSession(
        seen.files["onnx"].content, providers=["CPUExecutionProvider"]
    )
    feeds = {column["name"]: _cells(column) for column in seen.model["inputs"]}
    outputs = dict(
        zip([o.name for o in session.get_outputs()], session.run(None, feeds), strict=True)
    )
    key = "probabilities" if "probabilities" in outputs else "prediction"
    served = seen.predictions["probabilities" if key == "probabilities" else "predictions"]
    if not np.allclose(np.asarray(outputs[key]).squeeze(), served, rtol=0, atol=_TOLERANCE):
        yield f"the file says {outputs[key].tolist()} of the probe rows, the service {served}"


def _fruitless(seen: Evidence) -> bool:
    """Return whether the budget's seconds passed before any trial was complete: allowed to fail."""
    return seen.study["budget"]["seconds"] is not None and not any(
        trial["state"] == "complete" for trial in seen.trials
    )


def _cells(column: Json) -> np.ndarray[tuple[int, ...], np.dtype[np.float64 | np.object_]]:
    """Return a column of the probe rows as the file takes it, (rows, 1)."""
    cells = [row[column["name"]] for row in PROBE]
    if column["kind"] in {"numeric", "boolean"}:
        numbers = [np.nan if cell is None else float(cell) for cell in cells]
        return np.array(numbers, dtype=np.float64)[:, None]
    return np.array(["" if cell is None else cell for cell in cells], dtype=object)[:, None]


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    gapless,
    ended,
    timely,
    one_outcome,
    counted,
    foldable,
    best,
    right_bytes,
    predicts,
)
