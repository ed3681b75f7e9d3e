"""What the convolutional network over words serves and what the search may vary of it."""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter
from automl.core.learner import FamilySpec, View
from automl.families import network
from automl.families.reading import WORD_DROPOUT, training

NETWORK = (
    network.width(64, low=16, high=300, description="Numbers that stand for a word."),
    Hyperparameter(
        name="filters",
        type="int",
        default=64,
        low=16,
        high=200,
        log=True,
        description="Patterns of each window.",
    ),
    Hyperparameter(
        name="windows",
        type="categorical",
        default="3 4 5",
        choices=("3 4 5", "2 3 4", "1 2 3", "3", "5"),
        description="Over how many words patterns reach.",
    ),
    WORD_DROPOUT,
    network.dropout(0.5, description="Part of the answers left out at each step of training."),
)

SPEC = FamilySpec(
    name=FamilyName.TEXT_CNN,
    title="Convolutions over words",
    modalities=(Modality.TEXT,),
    tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
    view=View.TOKENS,
    space=NETWORK + training(learning_rate=2e-3, epochs=30, patience=5),
)
