"""Every family × task, the folds they learn from, and what trains, stores and runs any of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
from typing_extensions import override

from automl import families
from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.errors import TrialStopped
from automl.core.frame import Floats
from automl.core.graph import ElementType, Graph
from automl.core.hyperparameter import Hyperparameter, Space, Value, defaults, serving
from automl.core.learner import Control, Examples, FamilySpec, Fitted, Fold, Layout, View
from automl.core.state import State
from automl.core.trial import CurvePoint
from automl.export.onnx import serialize
from automl.training import fit as training

LEVELS = (3, 40)
"""Categories of the two categorical columns of every fold."""
SHAPES = {Modality.SERIES: (2, 24), Modality.IMAGE: (1, 8, 8), Modality.VOLUME: (1, 6, 5, 4)}
"""Of the rows of every fold of arrays, channels first. Series lack steps, images are bytes."""
BRIEF: Mapping[str, float] = {
    "max_rounds": 20,
    "epochs": 6,
    "width": 32,
    "trees": 20,
    "bins": 16,
    "buckets": 2_000,
    "sigma": 1.0,  # beyond it float32 cannot tell the waves' places at numbers far off
}
ARRAY_BRIEF: Mapping[str, float] = {"epochs": 3, "width": 8, "layers": 2}
"""What random candidates are held to, where a family knows the name: tests must be quick."""

STEPS = 12
"""Words that stand for a column of numbers, where rows are texts."""

EPOCHS = 15
"""What the defaults of networks are held to where learning a little is enough."""


@dataclass(frozen=True, slots=True)
class Case:
    """A family on a kind of target and of rows; with ``embedding`` its networks see codes."""

    family: FamilyName
    task: TaskType
    outputs: int
    embedding: bool = False
    modality: Modality = Modality.TABLE

    @override
    def __str__(self) -> str:
        seen = "-embedding" if self.embedding else ""
        rows = "" if self.modality is Modality.TABLE else f"-{self.modality}"
        return f"{self.family}-{self.task}-{self.outputs}{seen}{rows}"

    @property
    def spec(self) -> FamilySpec:
        return families.spec(self.family)

    @property
    def view(self) -> View:
        if self.modality.arrays:
            return View.ARRAY
        return View.EMBEDDING if self.embedding else self.spec.view

    @property
    def space(self) -> Space:
        """The family's dimensions, with no choice but that of the view."""
        view = self.view.value
        return tuple(
            replace(item, choices=(view,), default=view) if item.allows(view) else item
            for item in serving(self.spec.space, self.task, self.modality)
        )


def cases() -> list[Case]:
    """Return every family with every task, kind of rows and view that a candidate may choose.

    Classification has two and three classes; of arrays three.
    """
    outputs = {TaskType.CLASSIFICATION: (2, 3), TaskType.REGRESSION: (1,)}
    return [
        Case(spec.name, task, count, embedding, _plainest(spec))
        for spec in families.specs()
        for task in spec.tasks
        for count in outputs[task]
        for embedding in (False, True)
        if _plainest(spec) in spec.modalities
        if not embedding or any(item.allows(View.EMBEDDING.value) for item in spec.space)
    ] + [
        Case(spec.name, task, outputs[task][-1], modality=modality)
        for spec in families.specs()
        for task in spec.tasks
        for modality in SHAPES
        if modality in spec.modalities
    ]


def _plainest(spec: FamilySpec) -> Modality:
    return Modality.TEXT if spec.view is View.TOKENS else Modality.TABLE


@dataclass
class Watcher:
    """A control that remembers; it stops the training at its ``stop_at``-th check."""

    stop_at: int | None = None
    left: float | None = None
    points: list[CurvePoint] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    checks: int = 0

    def report(self, point: CurvePoint) -> None:
        self.points.append(point)

    def check(self) -> None:
        self.checks += 1
        if self.stop_at is not None and self.checks >= self.stop_at:
            raise TrialStopped

    def save(self, state: Callable[[], State]) -> None:
        self.states.append(state())

    def seconds_left(self) -> float | None:
        return self.left


def train(
    case: Case,
    params: dict[str, Value],
    fold: Fold,
    control: Control,
    *,
    resume: State | None = None,
) -> Fitted:
    """Return the candidate trained on the fold, as the search does it."""
    families.validate(case.family, params, case.task, case.modality)
    family = families.model(case.family)
    if families.is_network(family):
        return training.fit(family, params, fold, control, resume)
    return family.fit(params, fold, control)


def load(case: Case, state: State) -> Fitted:
    """Return the fitted candidate of that state."""
    family = families.model(case.family)
    return training.load(family, state) if families.is_network(family) else family.load(state)


def plain(case: Case) -> dict[str, Value]:
    """Return the defaults, of networks over arrays with narrow layers, of an mlp without shifts.

    An mlp has to learn each place anew, which takes more than the few steps of a test.
    """
    params = defaults(case.space)
    if not case.modality.arrays or "width" not in params:
        return params
    return params | ({"shift": 0.0} if case.family is FamilyName.MLP else {"width": 8})


def short(case: Case) -> dict[str, Value]:
    """Return `plain`, of networks with a short plan."""
    params = plain(case)
    return {**params, "epochs": EPOCHS} if "epochs" in params else params


def draw(
    space: tuple[Hyperparameter, ...], seed: int, brief: Mapping[str, float] = BRIEF
) -> dict[str, Value]:
    """Return a random candidate, short enough for a test."""
    random = np.random.default_rng(seed)
    params: dict[str, Value] = {}
    for item in space:
        if item.active(params):
            params[item.name] = _draw(item, random, brief)
    return params


def drawn(case: Case, seed: int) -> dict[str, Value]:
    """Return a random candidate of the case, short enough for a test."""
    return draw(case.space, seed, ARRAY_BRIEF if case.modality.arrays else BRIEF)


def _draw(item: Hyperparameter, random: np.random.Generator, brief: Mapping[str, float]) -> Value:
    if item.type == "categorical":
        assert item.choices is not None
        return item.choices[random.integers(len(item.choices))]
    assert item.low is not None
    assert item.high is not None
    low, high = item.low, max(item.low, min(item.high, brief.get(item.name, item.high)))
    value = (
        np.exp(random.uniform(np.log(low), np.log(high))) if item.log else random.uniform(low, high)
    )
    value = min(max(float(value), low), high)
    return round(value) if item.type == "int" else value


def fold(case: Case, *, rows: int = 600, easy: bool = False, seed: int = 0) -> Fold:
    """Return a fold of ``rows`` training rows and half as many to validate on.

    Numbers, missing cells and a category decide together; if ``easy`` the first number alone.
    """
    raw = _raw(rows + rows // 2, seed)
    y = _targets(case, raw[:, 0] if easy or case.modality.arrays else _scores(raw, seed))
    x = encoded(raw, case)
    truth = y[rows:]
    return Fold(
        train=Examples(x[:rows], y[:rows]),
        valid=Examples(x[rows:], truth),
        task=case.task,
        outputs=case.outputs,
        layout=_layout(case.view, x.shape[1:]),
        score=lambda predictions: loss(case, truth, predictions),
        maximize=False,
        seed=7,
        threads=1,
        device="cpu",
    )


def awkward(fold: Fold, trouble: str) -> Fold:
    """Return the fold with little to learn from: ``trouble`` says in which way."""
    train, valid = fold.train, fold.valid
    match trouble:
        case "constant":
            return replace(
                fold,
                train=Examples(np.ones_like(train.x), train.y),
                valid=Examples(np.ones_like(valid.x), valid.y),
            )
        case "one row":
            return replace(fold, train=Examples(train.x[:1], train.y[:1]))
        case "one class":
            return replace(fold, train=Examples(train.x, np.zeros_like(train.y)))
        case _:
            return replace(
                fold,
                train=Examples(train.x[:, :1], train.y),
                valid=Examples(valid.x[:, :1], valid.y),
                layout=Layout(1, vocabulary=fold.layout.vocabulary),
            )


def probe(case: Case) -> npt.NDArray[Any]:
    """Return rows as no fold has seen them: other values, missing cells, unknown categories."""
    raw = _raw(200, seed=5)
    raw[:40, :4] *= 20.0
    raw[40:80, 4:] = 1000.0
    raw[80:120, 4:] = -1.0
    raw[120:160, :4][np.random.default_rng(3).random((40, 4)) < 0.5] = np.nan
    raw[160:, :4] = 0.0
    return encoded(raw, case)


def encoded(raw: Floats, case: Case) -> npt.NDArray[Any]:
    """Return rows as the family sees them."""
    return _arrays(raw, case.modality) if case.modality.arrays else matrix(raw, case.view)


def _arrays(raw: Floats, modality: Modality) -> npt.NDArray[Any]:
    """Return arrays whose size of a pattern is the first number, which decides, among noise."""
    shape = SHAPES[modality]
    random = np.random.default_rng(9)
    pattern = np.linspace(-1.0, 1.0, int(np.prod(shape))).reshape(shape)
    size = np.nan_to_num(raw[:, 0]).reshape(-1, *(1 for _ in shape))
    x = size * pattern + 0.1 * random.normal(size=(len(raw), *shape))
    if modality is Modality.IMAGE:
        return np.clip(np.round(128 + 40 * x), 0, 255).astype(np.uint8)
    if modality is Modality.SERIES:
        x[np.isnan(raw[:, 3]), :, -4:] = np.nan
    return x.astype(np.float32)


def matrix(raw: Floats, view: View) -> npt.NDArray[np.float32]:
    """Return rows as the family's view shows them."""
    if view is View.ORDINAL:
        return raw.astype(np.float32)
    if view is View.TOKENS:
        return _texts(raw)
    missing = np.isnan(raw[:, :4])
    if view is View.EMBEDDING:
        codes = [_codes(raw[:, 4 + column], levels) for column, levels in enumerate(LEVELS)]
        numbers = np.where(missing, 0.0, raw[:, :4])
        return np.column_stack([codes[0], numbers, codes[1], missing]).astype(np.float32)
    hot = [raw[:, 4 + c, None] == np.arange(n) for c, n in enumerate(LEVELS)]
    return np.hstack([np.where(missing, 0.0, raw[:, :4]), missing, *hot]).astype(np.float32)


def _codes(raw: Floats, levels: int) -> Floats:
    """Return the codes of a category column: one more for unseen values, one for missing cells."""
    return np.where(raw < 0, levels + 1, np.minimum(raw, levels))


def _texts(raw: Floats) -> npt.NDArray[Any]:
    """Return a word for each number, by its column and size, and for each category.

    Missing cells have none, and every sixth text ends early.
    """
    steps = np.clip(np.floor(2.0 * np.nan_to_num(raw[:, :4])) + STEPS // 2, 0, STEPS - 1)
    words = 2 + steps + STEPS * np.arange(4)
    codes = 2 + 4 * STEPS + _codes(raw[:, 5], LEVELS[1])
    cells = np.column_stack([np.where(np.isnan(raw[:, :4]), 0, words), codes])
    cells[::6, 4:] = 0
    order = np.argsort(cells == 0, axis=1, kind="stable")  # what is missing goes to the end
    x = np.zeros((len(raw), 8), np.int32)
    x[:, :5] = np.take_along_axis(cells, order, axis=1)
    return x


def _layout(view: View, shape: tuple[int, ...]) -> Layout:
    width = int(np.prod(shape))
    if view is View.ARRAY:
        return Layout(width, shape=shape)
    if view is View.ORDINAL:
        return Layout(width, tuple((width - 2 + c, n) for c, n in enumerate(LEVELS)))
    if view is View.TOKENS:
        return Layout(width, vocabulary=2 + 4 * STEPS + LEVELS[1] + 2)
    if view is View.EMBEDDING:
        return Layout(width, ((0, LEVELS[0] + 2), (5, LEVELS[1] + 2)), (1, 2, 3, 4))
    return Layout(width, numbers=(0, 1, 2, 3))


def loss(case: Case, truth: npt.NDArray[Any], predictions: Floats) -> float:
    """Return the log loss or the mean squared error."""
    if case.task is TaskType.REGRESSION:
        return float(np.mean((predictions[:, 0] - truth) ** 2))
    chances = predictions[np.arange(len(truth)), truth.astype(int)]
    return float(-np.log(np.clip(chances, 1e-15, None)).mean())


def constant_loss(case: Case, fold: Fold) -> float:
    """Return the loss of the training rows' mean or class frequencies on the validation rows."""
    y = fold.train.y
    if case.task is TaskType.REGRESSION:
        mean = np.full((len(fold.valid.y), 1), y.mean())
        return loss(case, fold.valid.y, mean)
    frequencies = np.bincount(y, minlength=case.outputs) / len(y)
    return loss(case, fold.valid.y, np.tile(frequencies, (len(fold.valid.y), 1)))


class Written(Protocol):
    """What writes itself into a model file."""

    def emit(self, graph: Graph, x: str) -> str:
        """Return the name of what it makes of the features ``x``."""


def run_as_file(fitted: Written, x: npt.NDArray[Any]) -> Floats:
    """Return the predictions of the fitted fold's ONNX file in ONNX Runtime."""
    graph = Graph()
    if x.ndim > 2:
        given = graph.input("x", "array", dtype=x.dtype, shape=x.shape[1:])
        graph.output("result", fitted.emit(graph, graph.node("Cast", given, to=ElementType.FLOAT)))
        return _run(graph, {"x": x})
    names = [f"x{column}" for column in range(x.shape[1])]
    element = ElementType.INT32 if x.dtype == np.int32 else ElementType.FLOAT
    columns = [graph.node("Cast", graph.input(name, "number"), to=element) for name in names]
    graph.output("result", fitted.emit(graph, graph.node("Concat", *columns, axis=1)))
    cells = {name: x[:, [column]].astype(np.float64) for column, name in enumerate(names)}
    return _run(graph, cells)


def _run(graph: Graph, cells: Mapping[str, npt.NDArray[Any]]) -> Floats:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    content = serialize(graph, metadata={})
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    result: Floats = session.run(None, dict(cells))[0].astype(np.float64)
    return result


def difference(one: Floats, other: Floats) -> float:
    """Return the largest difference, relative to the largest value where that exceeds one."""
    return float(np.abs(one - other).max() / max(1.0, np.abs(other).max()))


def _raw(rows: int, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 4))
    numbers[random.random(rows) < 0.1, 3] = np.nan
    codes = [random.integers(-1, count, rows) for count in LEVELS]
    return np.column_stack([numbers, *codes])


def _scores(raw: Floats, seed: int) -> Floats:
    effects = np.random.default_rng(11).normal(size=max(LEVELS) + 1)
    scores = 1.5 * raw[:, 0] - raw[:, 1] + np.isnan(raw[:, 3]) + effects[raw[:, 5].astype(int)]
    noise = np.random.default_rng(seed + 1).normal(size=len(raw))
    return np.asarray(scores + 0.3 * noise)


def _targets(case: Case, scores: Floats) -> npt.NDArray[Any]:
    if case.task is TaskType.REGRESSION:
        return np.asarray((scores - scores.mean()) / scores.std())
    edges = np.quantile(scores, np.arange(1, case.outputs) / case.outputs)
    return np.digitize(scores, edges).astype(np.int64)
