"""What every route may use; built once by `create_app`, never changed."""

from dataclasses import dataclass

from anyio import CapacityLimiter

from api.access import Access
from api.events import Tailer
from api.inbox import Inbox
from api.telemetry import Telemetry
from automl.core.ports import Doorbell, Store
from automl.service.cache import Cache
from automl.service.health import Readiness
from automl.service.predictions import Scorers
from automl.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """The parts behind the routes."""

    settings: Settings
    store: Store
    doorbell: Doorbell
    cache: Cache
    scorers: Scorers
    readiness: Readiness
    access: Access
    tailer: Tailer
    inbox: Inbox
    telemetry: Telemetry
    ingests: CapacityLimiter
    """So many uploads are parsed at once; the others wait on disk."""
    predictions: CapacityLimiter
    """So many requests are scored at once: more would only take the cores from all others."""
