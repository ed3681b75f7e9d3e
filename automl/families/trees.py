"""What families of trees have in common in their spaces.

The forests' defaults were chosen on a fifth held out. Smoothing at 0.1 rather than 1: log loss of
letter 0.35 for 0.42, of yeast 1.09 for 1.17, AUC alike. How many rows leaves need is another for
every table (`leaves.py`).
"""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter, Space
from automl.core.learner import FamilySpec, View
from automl.families.balance import CLASS_WEIGHT
from automl.families.leaves import CHOSEN, LEAST
from automl.families.pairs import PAIRS

CLASSIFICATION = (TaskType.CLASSIFICATION,)

CRITERION = Hyperparameter(
    name="criterion",
    type="categorical",
    choices=("gini", "entropy"),
    default="gini",
    tasks=CLASSIFICATION,
    description="How impure a leaf of several classes is",
)
SMOOTHING = Hyperparameter(
    name="smoothing",
    type="float",
    low=0.01,
    high=10.0,
    log=True,
    default=0.1,
    tasks=CLASSIFICATION,
    description="Rows like the average one that every leaf is mixed with",
)

FOREST: Space = (
    Hyperparameter(
        name="trees",
        type="int",
        low=10,
        high=500,
        log=True,
        default=100,
        description="Trees that are averaged; the more, the smaller each may be in the file",
    ),
    Hyperparameter(
        name="max_features",
        type="categorical",
        choices=("auto", 0.1, 0.25, 0.5, 0.75, 1.0),
        default="auto",
        description="Share of the features that a split chooses from; auto: half, but of classes"
        " extra trees take all and random forests the square root of how many there are",
    ),
    Hyperparameter(
        name="min_samples_leaf",
        type="int",
        low=1,
        high=64,
        log=True,
        default=1,
        description="Rows that a leaf needs",
    ),
    Hyperparameter(
        name="leaf_rows",
        type="categorical",
        choices=(CHOSEN, LEAST),
        default=CHOSEN,
        absent=LEAST,
        yields_to="min_samples_leaf",
        description="least: as many as min_samples_leaf says; chosen: that, 4 or 16 times as many,"
        " by small forests of some rows",
    ),
    CRITERION,
    SMOOTHING,
    PAIRS,
    CLASS_WEIGHT,
)

ROUNDS: Space = (
    Hyperparameter(
        name="max_rounds",
        type="int",
        low=10,
        high=5_000,
        log=True,
        default=1_000,
        description="most rounds of boosting",
    ),
    Hyperparameter(
        name="patience",
        type="int",
        low=5,
        high=500,
        log=True,
        default=50,
        description="rounds without a better validation loss before the end",
    ),
)
"""How long trees are boosted."""


def spec(name: FamilyName, title: str, space: Space, *, refit: bool = False) -> FamilySpec:
    """Return the spec of a family of trees, which split codes of categories as they are.

    Args:
        name: its member.
        title: what people read.
        space: its dimensions.
        refit: as `FamilySpec.refit`.
    """
    return FamilySpec(
        name=name,
        title=title,
        modalities=(Modality.TABLE,),
        tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
        view=View.ORDINAL,
        space=space,
        refit=refit,
    )
