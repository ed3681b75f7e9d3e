"""AutoML as a service: search, train, ensemble, export. See docs/architecture.md."""

__version__ = "0.1.0"
