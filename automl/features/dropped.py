"""The column kinds that give no feature yet, and why.

A constant tells nothing; an id tells rows apart and nothing else. Dates and free text are
recognized and will be encoded; until then they are left out rather than taken for categories.
"""

from automl.core.catalog import ColumnKind

KINDS = frozenset({ColumnKind.CONSTANT, ColumnKind.ID, ColumnKind.DATETIME, ColumnKind.TEXT})
