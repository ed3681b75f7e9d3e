"""Whether networks read texts as characters first: where words tell little."""

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import LONG_TEXT
from automl.core.study import Plan

SPELLING = (FamilyName.TEXT_CNN, FamilyName.RNN)
"""Networks whose first candidates read characters there."""

RARE = 0.5
"""From this part of words on that no other text has, networks read characters: of names and codes
it is 1.0, of sentences whose every seventh letter is wrong 0.55, of sentences 0.13, of 200 of them
0.35."""


def unknown(plan: Plan) -> bool:
    """Return whether words tell little, being seen too seldom."""
    return plan.rare >= RARE and plan.words < LONG_TEXT


def spelled(plan: Plan) -> tuple[FamilyName, ...]:
    """Return the families whose first candidates read characters."""
    return SPELLING if unknown(plan) else ()
