"""The HTTP application, assembled."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from anyio import CapacityLimiter
from fastapi import FastAPI

from api import background, documents, errors, pages
from api.access import Access
from api.context import Context
from api.events import Tailer
from api.guard import Guard
from api.inbox import Inbox
from api.journal import Journal
from api.leaving import Leaving
from api.rate import limiter
from api.routes import datasets, models, service, studies, trials
from api.routes import pages as page_routes
from api.schemas import PredictBody
from api.telemetry import Telemetry, Timed
from automl import __version__
from automl.core.ports import Doorbell, Store
from automl.service.cache import Cache
from automl.service.health import Readiness
from automl.service.predictions import Scorers
from automl.settings import Settings

PARALLEL_INGESTS = 2
PARALLEL_PREDICTIONS = 2


def create_app(settings: Settings, store: Store, doorbell: Doorbell) -> FastAPI:
    """Return the application over a migrated store; it closes neither store nor doorbell."""
    context = _context(settings, store, doorbell)
    rate = limiter(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with aclosing(rate), background.running(context):
            yield

    app = FastAPI(
        title="AutoML service",
        version=__version__,
        description="A dataset and a task in, one portable model file out.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=documents.PROBLEMS,
    )
    app.state.context = context
    for part in (datasets, studies, trials, models, service):
        app.include_router(part.router)
    app.include_router(page_routes.router(pages.load()))
    errors.install(app)
    documents.install(app, PredictBody)
    app.add_middleware(Guard, access=context.access, rate=rate)
    app.add_middleware(Timed, telemetry=context.telemetry)
    app.add_middleware(Leaving)
    app.add_middleware(Journal)
    return app


def _context(settings: Settings, store: Store, doorbell: Doorbell) -> Context:
    cache = Cache(settings.cache_dir, store.artifacts)
    return Context(
        settings=settings,
        store=store,
        doorbell=doorbell,
        cache=cache,
        scorers=Scorers(cache),
        readiness=Readiness(store, doorbell),
        access=Access(store),
        tailer=Tailer(store),
        inbox=Inbox(settings.data_dir / "inbox"),
        telemetry=Telemetry(store),
        ingests=CapacityLimiter(PARALLEL_INGESTS),
        predictions=CapacityLimiter(PARALLEL_PREDICTIONS),
    )
