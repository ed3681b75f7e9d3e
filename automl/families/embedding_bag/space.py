"""What the bag of embeddings serves and what the search may vary of it."""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter
from automl.core.learner import FamilySpec, View
from automl.families import network
from automl.families.reading import WORD_DROPOUT, training

NETWORK = (
    network.width(32, low=8, high=256, description="Numbers that stand for a word or a run."),
    Hyperparameter(
        name="runs",
        type="int",
        default=2,
        low=1,
        high=3,
        description="Longest run of words that has a vector of its own.",
    ),
    Hyperparameter(
        name="buckets",
        type="int",
        default=20_000,
        low=1_000,
        high=200_000,
        log=True,
        description="Vectors that runs of several words share by a hash of their words.",
    ),
    WORD_DROPOUT,
    network.dropout(0.2, description="Part of the mean vector left out at each step of training."),
)

SPEC = FamilySpec(
    name=FamilyName.EMBEDDING_BAG,
    title="Bag of embeddings",
    modalities=(Modality.TEXT,),
    tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
    view=View.TOKENS,
    space=NETWORK + training(learning_rate=5e-3, epochs=60, patience=8),
)
