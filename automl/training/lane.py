"""A network that trains beside others, and the candidate whose folds such networks are."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import astuple, dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from automl.core.hyperparameter import Params
from automl.core.learner import Control, Examples, Fitted, Fold, NetworkFamily
from automl.core.state import State, nest, unnest
from automl.core.trial import CurvePoint
from automl.training import run as runs
from automl.training.device import generators, out_of_memory
from automl.training.pace import Pace
from automl.training.progress import Progress
from automl.training.run import Run
from automl.training.stream import Rows
from automl.training.watch import Watch

Read = Callable[[Examples, str], tuple[Rows, Tensor]]
"""What gives rows and targets on a device."""


@dataclass(slots=True, eq=False)
class Lane:
    """One network in training, as alone, and what it measured but nobody was told of yet."""

    training: "Training"
    index: int
    run: Run
    progress: Progress
    shape: int = 0
    """Lanes of the same step together."""
    points: list[CurvePoint] = field(default_factory=list)
    order: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    """In which order this epoch sees the training rows, on the CPU."""
    watch: Watch = field(init=False)
    """Of this epoch."""
    judged: tuple[float, float] = (np.nan, np.nan)
    """Metric and loss of this epoch."""

    def __post_init__(self) -> None:
        self.watch = Watch(self.progress)

    @property
    def ended(self) -> bool:
        """Whether the training has come to its end, planned or by patience."""
        return runs.ended(self.progress, self.run)

    @property
    def stepping(self) -> bool:
        """Whether another step of this epoch is planned."""
        return self.training.error is None and self.progress.step < self.progress.steps

    def needs(self) -> Hashable:
        """Return what lanes that step together must have in common."""
        recipe, network = self.run.recipe, self.progress.network
        kinds = tuple(type(module) for module in network.modules())
        sizes = tuple(each.shape for each in (*network.parameters(), *network.buffers()))
        recipe_says = (recipe.loss, recipe.optimizer, recipe.nesterov)
        return (kinds, sizes, recipe_says, self.run.steps, self.run.fold.layout)

    def begin(self) -> None:
        """Begin an epoch: draw in which order it sees the rows, and what layers draw from."""
        self.progress.epoch += 1
        self.progress.network.train()
        drawing, ordering = generators(self.run.fold.seed, self.progress.epoch)
        self.progress.draw_from(drawing)
        self.order = torch.randperm(len(self.run.y), generator=ordering)
        self.watch = Watch(self.progress)

    def judge(self, outputs: Tensor | None) -> None:
        """Validate, by outputs for the validation rows where they are known; a failure is kept.

        Raises:
            MemoryError: or another of those that say that memory ran out: it is everyone's.
        """
        training, run = self.training, self.run
        if training.error is not None:
            return
        try:
            if outputs is None:
                self.judged = runs.validate(self.progress, run)
            else:
                self.judged = runs.judge(self.progress, run, outputs, run.y_valid.cpu())
        except Exception as error:
            if out_of_memory(error):
                raise
            training.error = error

    def point(self, seconds: float) -> CurvePoint:
        """Return what the epoch measured in so many seconds."""
        return runs.point(self.progress, self.watch.measured(), *self.judged, seconds)

    def save(self) -> State:
        """Return a checkpoint."""
        # None becomes NaN, which nothing that was measured is.
        rows = [[np.nan if each is None else each for each in astuple(p)] for p in self.points]
        untold = State({}, {"points": np.array(rows, dtype=np.float64)})
        return nest({"progress": self.progress.save(), "untold": untold})

    def restore(self, state: State) -> None:
        """Go back to where ``save`` was called."""
        parts = unnest(state)
        self.progress.restore(parts["progress"])
        self.points = [_point(row) for row in parts["untold"].arrays["points"].tolist()]


def _point(row: Sequence[float]) -> CurvePoint:
    loss, valid, value, rate, norm = (None if np.isnan(each) else each for each in row[1:6])
    epoch, seconds, fraction = int(row[0]), row[6], row[7]
    return CurvePoint(epoch, loss, valid, value, rate, norm, seconds, fraction)


@dataclass(slots=True, eq=False)
class Training:
    """A candidate's folds in training.

    ``error`` is what ended it before its time; ``paces`` measure it, one for each shape of lanes.
    """

    family: NetworkFamily
    params: Params
    control: Control
    lanes: list[Lane] = field(default_factory=list)
    paces: dict[int, Pace] = field(default_factory=dict)
    error: Exception | None = None

    def start(self, folds: Sequence[Fold], resume: State | None, read: Read) -> None:
        """Draw the networks' first weights, or go on from a checkpoint of the same folds."""
        for index, fold in enumerate(folds):
            recipe = runs.read(self.params, fold)
            run = runs.prepare(recipe, None, fold, self.control, read=read)
            progress = runs.start(self.family, self.params, run)
            self.lanes.append(Lane(self, index, run, progress))
        parts = unnest(resume) if resume else {}
        if len(folds) == 1 and resume is not None:
            self.lanes[0].progress.restore(resume)
        elif parts.keys() == {str(lane.index) for lane in self.lanes}:  # else one network's, of old
            for lane in self.lanes:
                lane.restore(parts[str(lane.index)])

    @property
    def ended(self) -> bool:
        """Whether nothing is left to train."""
        return self.error is not None or all(lane.ended for lane in self.lanes)

    def attempt(self, act: Callable[[], None]) -> None:
        """Do what may end this training, and no other."""
        if self.error is None:
            try:
                act()
            except Exception as error:  # noqa: BLE001 -- whoever asked for it hears of it
                self.error = error

    def hand_on(self) -> None:
        """Report what was measured and offer a checkpoint; `control` may raise at both."""
        self.tell()
        self.control.save(self.save)

    def tell(self) -> None:
        """Report what was measured: a fold's epochs once those before it have ended."""
        before = 0
        for lane in self.lanes:
            while lane.points:
                point = lane.points.pop(0)
                self.control.report(replace(point, epoch=before + point.epoch, fold=lane.index))
            if not lane.ended:
                return
            before += lane.progress.epoch

    def save(self) -> State:
        """Return a checkpoint; of a single fold it is that of a network alone."""
        if len(self.lanes) == 1:
            return self.lanes[0].progress.save()
        return nest({str(lane.index): lane.save() for lane in self.lanes})

    def fitted(self) -> list[Fitted]:
        """Return the networks with their best epochs' weights."""
        return [
            runs.fitted(self.family, self.params, lane.progress, lane.run.fold)
            for lane in self.lanes
        ]

    def let_go(self) -> None:
        """Let go of the lanes, once all is said: they know their training, and so do the paces.

        Whatever is in a circle stays in memory until Python looks for such.
        """
        self.lanes.clear()
        self.paces.clear()


def by_training(lanes: Sequence[Lane]) -> dict[Training, list[Lane]]:
    """Return the lanes of each candidate, in their order."""
    found: dict[Training, list[Lane]] = {}
    for lane in lanes:
        found.setdefault(lane.training, []).append(lane)
    return found
