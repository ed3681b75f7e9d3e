"""Everything durable, in SQL: the only place that knows SQLAlchemy."""

from automl.store.sql import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
