"""Every family × task, the folds they learn from, and what trains, stores and runs any of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from automl import families
from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.frame import Floats
from automl.core.hyperparameter import Hyperparameter, Space, Value, defaults, serving
from automl.core.learner import Control, Examples, FamilySpec, Fitted, Fold, Layout, View
from automl.core.state import State
from automl.training import fit as training
from tests.families.rows import SHAPES, arrays, cells, layout, matrix, scores

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
    raw = cells(rows + rows // 2, seed)
    y = _targets(case, raw[:, 0] if easy or case.modality.arrays else scores(raw, seed))
    x = encoded(raw, case)
    truth = y[rows:]
    return Fold(
        train=Examples(x[:rows], y[:rows]),
        valid=Examples(x[rows:], truth),
        task=case.task,
        outputs=case.outputs,
        layout=layout(case.view, x.shape[1:]),
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
    raw = cells(200, seed=5)
    raw[:40, :4] *= 20.0
    raw[40:80, 4:] = 1000.0
    raw[80:120, 4:] = -1.0
    raw[120:160, :4][np.random.default_rng(3).random((40, 4)) < 0.5] = np.nan
    raw[160:, :4] = 0.0
    return encoded(raw, case)


def encoded(raw: Floats, case: Case) -> npt.NDArray[Any]:
    """Return rows as the family sees them."""
    return arrays(raw, case.modality) if case.modality.arrays else matrix(raw, case.view)


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


def _targets(case: Case, scores: Floats) -> npt.NDArray[Any]:
    if case.task is TaskType.REGRESSION:
        return np.asarray((scores - scores.mean()) / scores.std())
    edges = np.quantile(scores, np.arange(1, case.outputs) / case.outputs)
    return np.digitize(scores, edges).astype(np.int64)
