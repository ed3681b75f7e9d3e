"""The extra trees family as data.

Reference: Geurts, Ernst and Wehenkel (2006), "Extremely randomized trees".
"""

from automl.core.catalog import FamilyName
from automl.families import trees

SPEC = trees.spec(FamilyName.EXTRA_TREES, "Extra trees", trees.FOREST, refit=True)
