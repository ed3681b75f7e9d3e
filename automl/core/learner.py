"""What a family must offer, and what it is given: the contract between evaluation and families.

A family is a folder with ``space.py`` (no torch: what it serves) and ``model.py``. Its model module
offers either ``fit`` and ``load`` (an `Estimator`) or ``build`` and ``emit`` (a `NetworkFamily`,
trained by ``automl/training/fit.py``). Either way a trained fold ends as a `Fitted`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.frame import Floats
from automl.core.graph import Graph
from automl.core.hyperparameter import Params, Space
from automl.core.kin import Kin
from automl.core.state import State
from automl.core.trail import Trail
from automl.core.trial import CurvePoint

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn


Matrix: TypeAlias = Any
"""Encoded rows: an array ``(rows, features)`` float32; in `View.SPARSE` perhaps a CSR array; in
`View.ARRAY` ``(rows, channels, …)`` uint8 or float32; in `View.TOKENS` ``(rows, length)`` int32."""


RATE = "rate"
"""The attribute of a network's parameter that says how many times as fast as others Adam moves it;
without it once as fast."""


class View(StrEnum):
    """How a table's columns become one float32 matrix for a family."""

    ORDINAL = "ordinal"
    """Trees: scaled numbers with NaN kept, categories as codes from 0 (unseen or missing: −1)."""
    ONE_HOT = "one_hot"
    """Linear models and networks: imputed scaled numbers, missing flags, one column a category."""
    EMBEDDING = "embedding"
    """Networks: as one-hot, but what has many categories is one column of codes from 0, of which
    unseen and missing values have their own."""
    SPARSE = "sparse"
    """Linear models: as one-hot, but the runs of words and characters in free text are a column
    each; without free text the same as one-hot."""
    ARRAY = "array"
    """Images, series and volumes: channels first, uint8 as they are and all else float32; steps
    that a series lacks are NaN."""
    TOKENS = "tokens"
    """Texts: the codes of their tokens, words or characters, from 2; 1 is an unknown one, 0 fills
    the row's end."""


class Scaling(StrEnum):
    """How numbers are brought to one size (`View.ONE_HOT` only; trees do not care)."""

    ROBUST = "robust"
    """Median and quartiles; outliers are bent to at most 4."""
    STANDARD = "standard"
    """Mean and standard deviation."""
    MIN_MAX = "min_max"
    """The smallest cell at −1, the largest at 1."""
    QUANTILE = "quantile"
    """The column's own distribution made nearly normal."""
    LOG = "log"
    """The signed logarithm, standardized."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are read in `View.TOKENS`: what is a token, and which of a long text's are seen.

    ``parts`` are stretches of equal length, the first at the text's beginning, the last at its end
    and the others evenly between; one alone is the beginning.
    """

    unit: Literal["words", "characters"] = "words"
    parts: int = 1


@dataclass(frozen=True, slots=True)
class FamilySpec:
    """A family as the API lists it and the search draws from it: data, without torch."""

    name: FamilyName
    title: str
    modalities: tuple[Modality, ...]
    tasks: tuple[TaskType, ...]
    view: View
    space: Space
    refit: bool = False
    """Whether the model file gets one fit on all rows, after the folds have judged: for fits that
    need room to be good, where one a fold would fill the file. Such a fit must not choose anything
    by its validation rows, which are some of those it trains on."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of encoded rows hold: numbers, but for those that hold codes.

    ``codes`` pairs the position of each of these with how many codes it has, from 0 on. ``numbers``
    are the positions of columns of numbers as they were in the table, scaled; what is neither is a
    flag, a part of a date or a share. ``columns`` says of each position which column of the table
    it was made of; it is empty where that is not known.

    Rows that are arrays have a ``shape``, channels first, and a ``width`` of all their numbers.
    Rows that are texts have a ``vocabulary``, how many codes there are, and a ``width`` of tokens.
    """

    width: int
    codes: tuple[tuple[int, int], ...] = ()
    numbers: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    shape: tuple[int, ...] = ()
    vocabulary: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Encoded rows.

    ``x`` is a `Matrix`. ``y`` is ``(rows,)``: int64 class indices, or float64
    targets standardized on the training rows of the fold.
    """

    x: Matrix
    y: npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """All that a family is given to train on one fold.

    ``score`` gives the study's metric of predictions for the validation rows (``(rows, outputs)``,
    in the space of ``y``); ``maximize`` says which way is better. ``counted`` is
    the number of training rows that several folds of about as many go by, None for its own.
    ``kin`` says which training rows are one side's where a family divides them, None for none.
    ``followed`` asks for the `Trail` of what is trained step by step.
    """

    train: Examples
    valid: Examples
    task: TaskType
    outputs: int
    layout: Layout
    score: Callable[[Floats], float]
    maximize: bool
    seed: int
    threads: int
    device: str
    counted: int | None = None
    kin: Kin | None = None
    followed: bool = False

    @property
    def rows(self) -> int:
        """By how many training rows it is said in how many steps an epoch sees them."""
        return self.counted or len(self.train.x)

    @property
    def categorical(self) -> tuple[int, ...]:
        """The columns of ``x`` that hold codes."""
        return tuple(position for position, _ in self.layout.codes)


class Control(Protocol):
    """The line between a training loop and whoever watches and stops it."""

    def report(self, point: CurvePoint) -> None:
        """Tell that an epoch (or round) has ended. Raises `TrialStopped` when it was the last."""

    def check(self) -> None:
        """Raise `TrialStopped` when the trial must end now. Cheap enough for every batch."""

    def save(self, state: Callable[[], State]) -> None:
        """Offer a checkpoint; it is taken (and ``state`` called) at most every ten seconds."""

    def seconds_left(self) -> float | None:
        """Return in how many seconds the trial should end, None without a limit."""


class Fitted(Protocol):
    """One trained fold of a candidate."""

    @property
    def parameters(self) -> int:
        """Trained numbers: weights, or leaves of trees."""

    @property
    def epochs(self) -> int:
        """Epochs or rounds that the kept weights were trained for."""

    def predict(self, x: npt.NDArray[np.float32]) -> Floats:
        """Return ``(rows, outputs)``: class probabilities, or the (standardized) target."""

    def state(self) -> State:
        """Return everything needed to rebuild this."""

    def emit(self, graph: Graph, x: str) -> str:
        """Write the prediction of float32 ``x`` (n × features) to ``graph``.

        Returns the name of a float32 or float64 value of shape n × outputs, equal to ``predict``.
        """


@runtime_checkable
class Followed(Protocol):
    """A trained fold that knows its way, where its `Fold` asked for it."""

    @property
    def trail(self) -> Trail | None:
        """What it said of its validation rows step by step; None where nobody asked."""


class Estimator(Protocol):
    """The model module of a family that trains itself (trees, linear models)."""

    def fit(self, params: Params, fold: Fold, control: Control) -> Fitted:
        """Return the trained fold. Raises `TrialError` for what cannot be trained."""

    def load(self, state: State) -> Fitted:
        """Return what ``Fitted.state`` once wrote down."""


class NetworkFamily(Protocol):
    """The model module of a family of plain torch modules."""

    def build(self, params: Params, layout: Layout, outputs: int) -> "nn.Module":
        """Return the untrained network: encoded rows → logits or values (n, outputs)."""

    def emit(self, graph: Graph, x: str, network: "nn.Module") -> str:
        """Write the trained network's forward pass (logits or values) to ``graph``."""


@runtime_checkable
class Observer(Protocol):
    """A network that looks at its training rows once, before the first step.

    What it takes from them is in its parameters and buffers, and so in its state.
    """

    def observe(self, x: "Tensor", y: "Tensor") -> None:
        """Look at rows ``(rows, features)`` and all targets ``(targets,)`` of the training fold."""


@runtime_checkable
class Drawing(Protocol):
    """A layer that draws at each step of training."""

    generator: "Generator | None"
    """What it draws from; None: torch's own random state."""


Program: TypeAlias = "Callable[[Tensor], Tensor]"
"""What several networks in training make of their rows: ``(lanes, rows, features)`` →
``(lanes, rows, outputs)``, or ``(lanes, answers, rows, outputs)``."""


Leaf: TypeAlias = "Callable[[nn.Parameter], Tensor]"
"""What stands for a parameter of the first of several networks, and those of the others at its
place: ``(lanes, *its shape)``."""


class Stacking(Protocol):
    """How networks of one shape become one program (`automl.families.lanes`)."""

    def stackable(self, network: "nn.Module") -> bool:
        """Return whether every layer of the network has a stacked form."""

    def stack(self, networks: "Sequence[nn.Module]", leaf: Leaf) -> Program:
        """Return what all the networks, of one shape, compute in training, side by side.

        Buffers that training moves become parts of stacked ones.
        """
