"""Thousands of tiny studies through one service: does anything grow, is anything left?"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from threading import local
from time import monotonic
from typing import Any

import httpx
import redis
from rich.progress import track

from automl.client import Client
from tests.endurance.screen import say
from tests.endurance.service import left, little, running, small
from tests.endurance.weight import Sample, Watch, Weight, drift, tenths

COUNT = 2000
ABREAST = 6
PER_DATASET = 20
"""Studies on one uploaded table; the last of them also takes its model, report and predictions."""
WARM_UP = 0.1
FLAT = 0.10
"""Growth that still counts as none."""
FIGURES = ("processes", "memory", "descriptors", "threads")

Json = dict[str, Any]


@dataclass
class Crew:
    """Clients at work on one service: a connection a thread."""

    url: str
    folder: Path
    logs: list[list[Json]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    own: local = field(default_factory=local)

    def batch(self, number: int) -> int:
        """Upload a table, run a batch of studies on it one by one; return how many."""
        if not hasattr(self.own, "client"):
            self.own.client = Client(self.url)
        client: Client = self.own.client
        table = little(self.folder / f"{number}.csv", seed=number)
        dataset = client.upload(table)
        table.unlink()
        ids = [self._study(client, dataset["id"], seed) for seed in range(PER_DATASET)]
        self._use(client, ids[-1])
        return PER_DATASET

    def _study(self, client: Client, dataset_id: str, seed: int) -> str:
        study_id: str = client.start(small(dataset_id, seed=seed))["id"]
        log = list(client.events(study_id))
        self.logs.append(log)
        self._judge(study_id, log)
        return study_id

    def _judge(self, study_id: str, log: list[Json]) -> None:
        if [event["seq"] for event in log] != list(range(1, len(log) + 1)):
            self.broken.append(f"{study_id}: the log has gaps or repeats")
        if log[-1]["type"] != "study.succeeded":
            self.broken.append(f"{study_id} ended with {log[-1]}")

    def _use(self, client: Client, study_id: str) -> None:
        model_id = client.study(study_id)["model_id"]
        client.download(study_id, self.folder / f"{study_id}.onnx").unlink()
        client.predict(model_id, [{"a": 1.0, "b": 2.0}])
        client.get(f"/v1/studies/{study_id}/report")
        client.trials(study_id)


def run(folder: Path, count: int) -> list[str]:
    """Run ``count`` studies, several at a time; return what was broken."""
    with running(folder) as service:
        crew = Crew(service.url, folder)
        began = monotonic()
        with Watch(service) as watch, ThreadPoolExecutor(ABREAST) as pool:
            batches = pool.map(crew.batch, range(-(-count // PER_DATASET)))
            done = sum(track(batches, "studies", total=-(-count // PER_DATASET)))
        seconds = monotonic() - began
        broken = [*crew.broken, *_left(service.url, service.data_dir)]
    say(f"{done} studies in {seconds:.0f} s: {seconds / done:.2f} s each, {ABREAST} at a time")
    kinds = Counter(event["type"] for log in crew.logs for event in log)
    say(f"{kinds.total()} events, logs with gaps or repeats: {len(crew.broken)}; {dict(kinds)}")
    _tell_phases(crew.logs)
    warm = watch.samples[int(WARM_UP * len(watch.samples)) :]
    broken += _tell_growth(warm)
    return broken + left(service)


def _left(url: str, data_dir: Path) -> Iterator[str]:
    """Yield what is still waiting when all studies have ended."""
    metrics = httpx.get(f"{url}/metrics").text
    for line in metrics.splitlines():
        if line.startswith("automl_studies{") and float(line.split()[-1]):
            state, number = line.split()[0], float(line.split()[-1])
            if "succeeded" not in state:
                yield f"{state} {number:g}"
    broker = redis.Redis(unix_socket_path=str(data_dir / "broker" / "valkey.sock"))
    for key in broker.scan_iter():
        if broker.type(key) == b"list" and (length := broker.llen(key)):
            yield f"the broker still holds {length} bells in {key!r}"
    broker.close()


def _tell_growth(samples: list[Sample]) -> list[str]:
    """Print every part's figures of the first and the last tenth; return what grew."""
    broken = []
    say(f"{'part':11} {'figure':12} {'first':>9} {'last':>9}  change, of {len(samples)} samples")
    for name in sorted({name for sample in samples for name in sample.parts} - {"ingest"}):
        for figure in FIGURES:
            series = [getattr(s.parts.get(name, Weight()), figure) for s in samples]
            if _tell(name, figure, series):
                broken.append(f"{name}: {figure} grew")
    for name in ("api", "child"):
        series = [s.parts[name].memory for s in samples if name in s.parts]
        say(f"{name} over time: {tenths(series)}")
    if _tell("all", "temp files", [sample.files for sample in samples]):
        broken.append("temporary files are left")
    return broken


def _tell(name: str, figure: str, series: list[int]) -> bool:
    """Print how a figure went; return whether it grew by more than a tenth and by more than one."""
    tenth = max(1, len(series) // 10)
    first, last = statistics.median(series[:tenth]), statistics.median(series[-tenth:])
    scale, unit = (1e6, " MB") if figure == "memory" else (1, "")
    change = drift(series)
    say(f"{name:11} {figure:12} {first / scale:9.1f} {last / scale:9.1f}{unit} {change:+7.1%}")
    return last - first > max(FLAT * first, 1)


def _tell_phases(logs: list[list[Json]]) -> None:
    """Print where the time of a study goes: medians between its events."""
    between = defaultdict(list)
    for log in logs:
        steps = [event for event in log if event["type"] != "trial.epoch"]
        for before, after in pairwise(steps):
            span = _at(after) - _at(before)
            between[f"{before['type']} → {after['type']}"].append(span)
    for step, spans in between.items():
        if len(spans) > len(logs) // 10:
            say(f"  {1e3 * statistics.median(spans):6.0f} ms  {step}")


def _at(event: Json) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()
