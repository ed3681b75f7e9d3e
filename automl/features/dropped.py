"""The column kinds that give no feature yet, and why.

A constant tells nothing; an id tells rows apart and nothing else. Free text is recognized and will
be encoded; until then it is left out rather than taken for categories.
"""

from automl.core.catalog import ColumnKind

KINDS = frozenset({ColumnKind.CONSTANT, ColumnKind.ID, ColumnKind.TEXT})
