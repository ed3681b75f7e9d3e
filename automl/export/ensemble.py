"""The weighted set a study ends with: its predictions in Python, and the same as a graph."""

from collections.abc import Sequence
from dataclasses import dataclass

from automl import tasks
from automl.core.catalog import FamilyName
from automl.core.decision import PLAIN, Decision
from automl.core.frame import Floats, Frame
from automl.core.graph import Graph
from automl.core.learner import Fitted
from automl.core.model import Input, Member
from automl.core.study import Plan
from automl.features.base import Encoder
from automl.tasks.base import TargetScale


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One fold of a member; ``encoder`` is shared by all members that see the fold alike."""

    encoder: Encoder
    scale: TargetScale
    fitted: Fitted


@dataclass(frozen=True, slots=True, eq=False)
class TrainedMember:
    """A member with its trained folds, whose predictions are averaged."""

    trial: int
    family: FamilyName
    weight: float
    parts: tuple[Part, ...]

    @property
    def share(self) -> Member:
        """This as the plain value that is stored and shown."""
        return Member(self.trial, self.family, self.weight)


def predict(
    plan: Plan, members: Sequence[TrainedMember], frame: Frame, decision: Decision = PLAIN
) -> Floats:
    """Return the ensemble's predictions, ``(rows, outputs)`` in the data's units."""
    mean = sum(member.weight * predict_member(plan, member, frame) for member in members)
    return decision.probabilities(mean)  # type: ignore[arg-type]


def predict_member(plan: Plan, member: TrainedMember, frame: Frame) -> Floats:
    """Return the mean of one member's folds, ``(rows, outputs)`` in the data's units."""
    task = tasks.load(plan.task)
    total: Floats | float = 0.0
    for part in member.parts:
        raw = part.fitted.predict(part.encoder.transform(frame))
        total = total + task.decode(raw, part.scale)
    return total / len(member.parts)  # type: ignore[return-value]


def assemble(
    plan: Plan,
    inputs: Sequence[Input],
    members: Sequence[TrainedMember],
    decision: Decision = PLAIN,
) -> Graph:
    """Return the program from raw columns to labels and probabilities, every member inside."""
    graph = Graph()
    named = {
        column.name: graph.input(column.name, column.cells, dtype=column.dtype, shape=column.shape)
        for column in inputs
    }
    task = tasks.load(plan.task)
    matrices: dict[int, str] = {}
    terms: list[str] = []
    for member in members:
        for part in member.parts:
            if id(part.encoder) not in matrices:
                matrices[id(part.encoder)] = part.encoder.emit(graph, named)
            raw = part.fitted.emit(graph, matrices[id(part.encoder)])
            value = task.emit_decode(graph, raw, part.scale)
            share = graph.constant([member.weight / len(member.parts)], "float64")
            terms.append(graph.node("Mul", value, share))
    mean = terms[0] if len(terms) == 1 else graph.node("Sum", *terms)
    task.emit_outputs(graph, mean, plan.classes, decision)
    return graph
