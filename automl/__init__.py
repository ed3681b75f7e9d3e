"""AutoML as a service: search, train, ensemble, export. See docs/architecture.md."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from automl.unbundle import Bundle

__version__ = "0.1.0"


def load(path: str | Path) -> "Bundle":
    """Return a downloaded bundle, opened: its networks as torch modules, and ``predict``.

    Raises:
        ArtifactCorrupt: this is no bundle.
    """
    # By name: whoever imports the package for its version must not load what opens bundles.
    return cast("Bundle", import_module("automl.unbundle").load(path))
