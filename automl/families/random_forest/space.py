"""The random forest family as data.

Reference: Breiman (2001), "Random forests".
"""

from automl.core.catalog import FamilyName
from automl.families import trees

SPEC = trees.spec(FamilyName.RANDOM_FOREST, "Random forest", trees.FOREST, refit=True)
