"""Whether trees get sums, differences, products and ratios of two columns beside the columns.

A family puts ``pairs`` into its space and need not look at it: the search hands out rows with them.
"""

from dataclasses import replace

from automl.core.hyperparameter import Hyperparameter, Params

_PAIRS = Hyperparameter(
    name="pairs",
    type="categorical",
    choices=(False, True),
    default=False,
    without_pairs=False,
    description="add sums, differences, products and ratios of two columns that tell more",
)


def pairs(*, default: bool) -> Hyperparameter:
    """Return the dimension, with what a family's defaults take."""
    return replace(_PAIRS, default=default)


def pairs_of(params: Params) -> bool:
    """Return whether a candidate wants them; not where its family leaves it out."""
    return bool(params.get("pairs", False))
