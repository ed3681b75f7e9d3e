"""What the convolutional network over words serves and what the search may vary of it."""

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Hyperparameter
from automl.families import network, reading

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
    reading.WORD_DROPOUT,
    network.dropout(0.5, description="Part of the answers left out at each step of training."),
)

SPEC = reading.spec(
    FamilyName.TEXT_CNN,
    "Convolutions over words",
    NETWORK,
    learning_rate=2e-3,
    epochs=30,
    patience=5,
)
