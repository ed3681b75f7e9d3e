"""The column kinds that give no feature: a constant tells nothing, an id only rows apart."""

from automl.core.catalog import ColumnKind

KINDS = frozenset({ColumnKind.CONSTANT, ColumnKind.ID})
