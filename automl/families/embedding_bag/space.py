"""What the bag of embeddings serves and what the search may vary of it."""

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Hyperparameter
from automl.families import network, reading

# On sst2, 7,792 sentences: 0.816 with words alone and a width of 32, 0.823 with one of 64; with
# runs of two in 20,000 or 10,000 buckets 0.798; an ROC AUC of 0.902, 0.904, 0.880 and 0.877.
NETWORK = (
    network.width(64, low=8, high=256, description="Numbers that stand for a word or a run."),
    Hyperparameter(
        name="runs",
        type="categorical",
        default=1,
        choices=(1, 2, 3),
        description="Longest run of words that has a vector of its own.",
    ),
    Hyperparameter(
        name="buckets",
        type="int",
        default=10_000,
        low=1_000,
        high=200_000,
        log=True,
        when=("runs", (2, 3)),
        description="Vectors that runs of several words share by a hash of their words.",
    ),
    reading.WORD_DROPOUT,
    network.dropout(0.5, description="Part of the mean vector left out at each step of training."),
)

SPEC = reading.spec(
    FamilyName.EMBEDDING_BAG,
    "Bag of embeddings",
    NETWORK,
    learning_rate=5e-3,
    epochs=60,
    patience=8,
)
