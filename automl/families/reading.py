"""What networks over words have in common in their spaces."""

from automl.families import network

WORD_DROPOUT = network.dropout(
    0.1,
    name="word_dropout",
    high=0.5,
    description="Part of the words taken for unknown at each step of training.",
)
