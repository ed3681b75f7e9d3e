"""Model files for tests: an encoder, a linear layer written by hand and a task's outputs."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import features, tasks
from automl.core.catalog import FamilyName, MetricName, TaskType
from automl.core.decision import PLAIN, Decision
from automl.core.frame import Frame
from automl.core.graph import Graph
from automl.core.learner import View
from automl.core.model import Estimate, Exclusion, Input, Member, ModelCard
from automl.export import metadata
from automl.export.onnx import serialize
from automl.features import Encoder
from automl.tasks import TargetScale
from tests.features.frames import inputs, table

Labels = tuple[str, ...] | tuple[int, ...]
SCALE = TargetScale(1e4, 300.0)


def weights(encoder: Encoder, outputs: int) -> npt.NDArray[np.float32]:
    drawn = np.random.default_rng(0).normal(size=(encoder.width, outputs)) * 0.3
    return drawn.astype(np.float32)


def native(encoder: Encoder, task: TaskType, outputs: int, rows: Frame) -> npt.NDArray[Any]:
    """Return what numpy makes of the rows."""
    raw = encoder.transform(rows).astype(np.float64) @ weights(encoder, outputs).astype(np.float64)
    if task is TaskType.CLASSIFICATION:
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        raw /= raw.sum(axis=1, keepdims=True)
    return tasks.load(task).decode(raw, SCALE)


def program(
    encoder: Encoder, task: TaskType, schema: tuple[Input, ...], outputs: int, classes: Labels
) -> Graph:
    graph = Graph()
    raw = {item.name: graph.input(item.name, item.cells) for item in schema}
    x = encoder.emit(graph, raw)
    value = graph.node("MatMul", x, graph.constant(weights(encoder, outputs)))
    if task is TaskType.CLASSIFICATION:
        value = graph.node("Softmax", value, axis=1)
    module = tasks.load(task)
    module.emit_outputs(graph, module.emit_decode(graph, value, SCALE), classes, PLAIN)
    return graph


def card(task: TaskType, schema: tuple[Input, ...], classes: Labels) -> ModelCard:
    return ModelCard(
        task=task,
        target="Ziel ≥ 5",
        metric=MetricName.LOG_LOSS,
        value=0.125,
        source="test",
        metrics={MetricName.LOG_LOSS: Estimate(0.1, 0.05, 0.2)},
        members=(Member(3, FamilyName.LINEAR, 0.75, 1), Member(1, FamilyName.MLP, 0.25, 2)),
        inputs=schema,
        classes=classes,
        parity=3e-8,
        excluded=(Exclusion(7, 0.5, "too far off"),),
        decision=Decision(1.25, (0.7, 0.3)),
    )


def python(*arguments: str, cwd: Path | None) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


CASES: list[tuple[TaskType, Labels]] = [
    (TaskType.CLASSIFICATION, ("naïve", "no", "yes")),
    (TaskType.CLASSIFICATION, (-1, 4)),
    (TaskType.REGRESSION, ()),
]


def built(task: TaskType, classes: Labels, seed: int = 0) -> tuple[Encoder, bytes, Frame]:
    rows, columns = table(seed)
    encoder = features.fit(rows.take(np.arange(120)), columns, View.ONE_HOT)
    schema = inputs(columns)
    facts = metadata.write(
        card(task, schema, classes), seed=7, dataset_sha256="d1", spec_sha256="d2", version="0"
    )
    graph = program(encoder, task, schema, len(classes) or 1, classes)
    return encoder, serialize(graph, metadata=facts), rows
