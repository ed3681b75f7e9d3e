"""The service about itself: workers, families, health, metrics."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from api.answers import show
from api.dependencies import ContextDep, TenantDep
from api.errors import problem
from api.paging import WindowDep
from api.views.base import ListView
from api.views.service import FamilyView, HealthView, ReadyView, WorkerView
from automl import families
from automl.service import workers

router = APIRouter(tags=["service"])


@router.get("/v1/workers", response_model=ListView[WorkerView])
def list_workers(context: ContextDep, tenant: TenantDep, window: WindowDep) -> Response:
    """List the live workers."""
    page, following = window.slice("workers", workers.live(context.store, tenant))
    items = [WorkerView.of(worker) for worker in page]
    return show(ListView[WorkerView](items=items, next_cursor=following))


@router.get("/v1/families", response_model=ListView[FamilyView])
def list_families(window: WindowDep) -> Response:
    """List the families of models with their search spaces."""
    page, following = window.slice("families", families.specs())
    items = [FamilyView.of(spec) for spec in page]
    return show(ListView[FamilyView](items=items, next_cursor=following))


@router.get("/healthz", response_model=HealthView)
async def health() -> Response:
    """Answer: the process is up."""
    return show(HealthView())


@router.get("/readyz", response_model=ReadyView)
def ready(context: ContextDep) -> Response:
    """Answer whether the service can take work, and what is missing."""
    is_ready, reach = context.readiness.check()
    if is_ready:
        view = ReadyView(store=reach.store, broker=reach.broker, workers=reach.workers)
        return show(view)
    return problem(
        503,
        "NOT_READY",
        f"Not reachable: {', '.join(reach.missing)}.",
        store=reach.store,
        broker=reach.broker,
        workers=reach.workers,
    )


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(context: ContextDep) -> Response:
    """Answer with totals and latencies in Prometheus' text format."""
    return Response(context.telemetry.page(), media_type=CONTENT_TYPE_LATEST)
