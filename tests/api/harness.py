"""A real server over a real store, and a hand that does the workers' part through the leases."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from api.app import create_app
from api.context import Context
from api.protocol import Protocol
from automl.core.catalog import (
    ColumnKind,
    FamilyName,
    MetricName,
    TaskType,
    ValidationStrategy,
)
from automl.core.graph import Graph
from automl.core.leases import Outcome
from automl.core.model import Estimate, Input, Member, Model, ModelCard
from automl.core.ports import Store
from automl.core.schema import Column, Dataset
from automl.core.study import Budget, Plan, Study, StudySpec, TaskSpec
from automl.core.trial import Attempt, Candidate, CurvePoint, Finish, Turn
from automl.export import metadata
from automl.export.onnx import serialize
from automl.settings import Settings
from automl.store import open_store
from tests.store.values import keep_dataset, model_of, queue


@dataclass
class Bell:
    """A doorbell that counts."""

    rings: int = 0
    answers: bool = True

    def ring(self) -> None:
        self.rings += 1

    def ping(self) -> bool:
        return self.answers


@dataclass
class Service:
    """A running server and what stands behind it."""

    client: httpx.Client
    store: Store
    bell: Bell
    settings: Settings
    port: int
    context: Context

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.client.get(path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.client.post(path, **given)

    def delete(self, path: str) -> httpx.Response:
        return self.client.delete(path)


@contextmanager
def serving(directory: Path, **given: Any) -> Iterator[Service]:
    """Run the application on a free loopback port over a fresh SQLite store."""
    settings = Settings(data_dir=directory, **given)
    store = open_store(settings)
    store.migrate()
    bell = Bell()
    app = create_app(settings, store, bell)
    config = uvicorn.Config(app, http=Protocol, log_level="error", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    listener = socket.socket(proto=socket.IPPROTO_TCP)  # else asyncio leaves Nagle on: 40 ms
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        wait_for(lambda: server.started)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield Service(client, store, bell, settings, port, app.state.context)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
        store.close()


NAP_SECONDS = 0.01


def wait_for(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Return as soon as ``condition`` holds, looking as often as the seconds hold naps."""
    for _ in range(round(seconds / NAP_SECONDS)):
        if condition():
            return
        time.sleep(NAP_SECONDS)
    raise TimeoutError("the condition never held")


def add_dataset(store: Store, *, tenant: str = "default", name: str = "tiny") -> Dataset:
    """Store a dataset of two columns; its table's bytes are not Parquet."""
    content = b"size,colour\n1,red\n2,blue\n"
    source = store.artifacts.put(tenant, "text/csv", [content])
    table = store.artifacts.put(tenant, "application/x-none", [b"no table"])
    columns = (
        Column("size", ColumnKind.NUMERIC, "number", 0, 2, min=1.0, max=2.0, integral=True),
        Column("colour", ColumnKind.CATEGORICAL, "string", 0, 2, top=(("blue", 1), ("red", 1))),
    )
    return keep_dataset(
        store, name=name, source=source, table=table, rows=2, columns=columns, tenant=tenant
    )


PLAN = Plan(
    task=TaskType.CLASSIFICATION,
    target="colour",
    metric=MetricName.LOG_LOSS,
    positive=1,
    classes=("blue", "red"),
    features=("size",),
    families=(FamilyName.LINEAR, FamilyName.MLP),
    strategy=ValidationStrategy.KFOLD,
    folds=2,
    rows=2,
    test_rows=0,
    dropped_rows=0,
    baseline=0.69,
)


def add_study(store: Store, dataset: Dataset, *, trials: int = 3, tenant: str = "default") -> Study:
    """Queue a study of ``trials`` trials."""
    spec = StudySpec(
        dataset_id=dataset.id,
        task=TaskSpec(TaskType.CLASSIFICATION, "colour"),
        budget=Budget(trials=trials),
        name="try",
    )
    queued = queue(store, spec, PLAN, tenant)
    with store.unit() as unit:
        return unit.studies.get(tenant, queued.id)


@dataclass
class Hand:
    """A worker without a process: claims, trains nothing, publishes a tiny model."""

    store: Store
    name: str = "hand"
    values: list[float] = field(default_factory=list)

    def step(self, *, curve: int = 3) -> Attempt | Finish | Turn | None:
        """Do the next piece of work, if there is one."""
        leases = self.store.leases
        work = leases.claim(self.name)
        if isinstance(work, Turn):
            candidate = Candidate(FamilyName.MLP, {"layers": 1 + work.number % 3, "lr": 0.01})
            attempt = leases.begin(self.name, work, candidate)
            if attempt is not None:
                self._train(attempt, curve)
        elif isinstance(work, Attempt):
            self._train(work, curve)
        elif isinstance(work, Finish):
            leases.publish(work, self.model(work))
        return work

    def run(self, study_id: str) -> None:
        """Work until the study has ended."""
        for _ in range(200):
            self.step()
            with self.store.unit() as unit:
                if unit.studies.get("default", study_id).status.ended:
                    return
        raise TimeoutError("the study never ended")

    def trial(self, study_id: str) -> None:
        """Work until the study has a complete trial; others may be due before it."""
        for _ in range(200):
            self.step()
            with self.store.unit() as unit:
                if unit.studies.get("default", study_id).best_trial is not None:
                    return
        raise TimeoutError("no trial was ever complete")

    def model(self, finish: Finish) -> Model:
        with self.store.unit() as unit:
            study = unit.studies.get(finish.tenant, finish.study_id)
        file = self.store.artifacts.put(finish.tenant, "application/octet-stream", [tiny_model()])
        return model_of(self.store, study, replace(CARD, value=study.best_value or 0.0), file)

    def _train(self, attempt: Attempt, curve: int) -> None:
        leases, artifacts = self.store.leases, self.store.artifacts
        points = [CurvePoint(n + 1, 1 / (n + 1), 2 / (n + 1), 0.5, 0.01) for n in range(curve)]
        leases.record(attempt, points)
        arrays = artifacts.put(attempt.tenant, "x/y", [f"{attempt}".encode()])
        value = self.values.pop(0) if self.values else 0.5 / (attempt.number + 1)
        leases.complete(
            attempt, Outcome(value, (value, value), curve, 0.1, 10, arrays.id, arrays.id)
        )


CARD = ModelCard(
    task=TaskType.CLASSIFICATION,
    target="colour",
    metric=MetricName.LOG_LOSS,
    value=0.1,
    source="out_of_fold",
    metrics={MetricName.LOG_LOSS: Estimate(0.1, 0.05, 0.2)},
    members=(Member(0, FamilyName.MLP, 1.0, 1),),
    inputs=(Input("size", ColumnKind.NUMERIC, "number"),),
    classes=("blue", "red"),
    parity=1e-7,
)


def tiny_model() -> bytes:
    """Return a file that says ``red`` with probability sigmoid(size)."""
    graph = Graph()
    red = graph.node("Sigmoid", graph.input("size", "number"))
    blue = graph.node("Sub", graph.constant([[1.0]]), red)
    both = graph.node("Concat", blue, red, axis=1)
    labels = graph.constant(["blue", "red"])
    index = graph.node("ArgMax", both, axis=1, keepdims=0)
    graph.output("prediction", graph.node("Gather", labels, index, axis=0))
    graph.output("probabilities", both)
    facts = metadata.write(CARD, seed=0, dataset_sha256="d", spec_sha256="s", version="0")
    return serialize(graph, metadata=facts)
