"""AutoML as a service: search, train, ensemble, export. See docs/architecture.md."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from automl.client import Client
    from automl.estimators import AutoMLClassifier, AutoMLRegressor
    from automl.unbundle import Bundle

__all__ = ["AutoMLClassifier", "AutoMLRegressor", "Client", "__version__", "load"]

__version__ = "0.1.0"

_HOMES = {
    "AutoMLClassifier": "automl.estimators",
    "AutoMLRegressor": "automl.estimators",
    "Client": "automl.client",
}


def load(path: str | Path) -> "Bundle":
    """Return a downloaded bundle, opened: its networks as torch modules, and ``predict``.

    Raises:
        ArtifactCorrupt: this is no bundle.
    """
    # By name: whoever imports the package for its version must not load what opens bundles.
    return cast("Bundle", import_module("automl.unbundle").load(path))


def __getattr__(name: str) -> Any:
    """Return what users import from here, loaded when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
