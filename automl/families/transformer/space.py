"""What the transformer serves and what the search may vary of it."""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter, serving
from automl.core.learner import FamilySpec, View
from automl.families import network
from automl.families.augmentation import AUGMENTATION
from automl.families.reading import READING
from automl.families.recipe import ARRAYS, TRAINING

NETWORK = (
    network.layers(4, high=8, description="Blocks of attention and two dense layers."),
    network.width(64, low=8, high=256, description="Numbers that stand for a patch or a word."),
    Hyperparameter(
        name="heads",
        type="categorical",
        default=4,
        choices=(1, 2, 4, 8),
        description="Ways in which each patch or word looks at the others.",
    ),
    Hyperparameter(
        name="patch",
        type="categorical",
        default=4,
        choices=(2, 4, 8, 16),
        modalities=ARRAYS,
        defaults={Modality.SERIES: 8},
        description="Places along each axis that are seen as one.",
    ),
    network.expansion("Units between the two dense layers, for each number of a patch or word."),
    network.dropout(
        0.1, description="Part of what a block adds left out at each step of training.", high=0.5
    ),
)

OVER_ARRAYS = serving(NETWORK, TaskType.CLASSIFICATION, Modality.IMAGE)
OVER_TEXTS = serving(NETWORK, TaskType.CLASSIFICATION, Modality.TEXT)

_RECIPE = network.differing(
    network.differing(
        TRAINING,
        {
            "label_smoothing": 0.1,
            "learning_rate": 2e-3,
            "warmup": 0.15,
            "epochs": 40,
            "patience": 50,
            "l2": 0.05,
        },
    ),
    {"learning_rate": 2e-3, "warmup": 0.1, "epochs": 10, "patience": 6, "l2": 0.01},
    modalities=(Modality.TEXT,),
)

SPEC = FamilySpec(
    name=FamilyName.TRANSFORMER,
    title="Transformer",
    modalities=(*ARRAYS, Modality.TEXT),
    tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
    view=View.TOKENS,  # of arrays `View.ARRAY`, as for every family that serves them
    space=NETWORK + READING + AUGMENTATION + _RECIPE,
)
