"""Studies over HTTP."""

import json
from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.answers import JSON, replay, show
from api.context import Context
from api.dependencies import (
    BoundedRoute,
    ContextDep,
    FingerprintDep,
    IdempotencyKey,
    ModelFormat,
    StudyId,
    TenantDep,
)
from api.documents import ACCEPTED, BINARY, PAGE, STEERED
from api.downloads import download_model
from api.negotiation import prefers
from api.paging import WindowDep
from api.schemas import ResumeBody, StudyBody
from api.views.base import ListView
from api.views.reports import view
from api.views.studies import DryRunView, StudyView
from automl.core.catalog import StudyStatus
from automl.core.ports import Reply, Store, Unit
from automl.core.study import Study
from automl.core.study_report import StudyReport
from automl.export import page
from automl.service import models, reports, studies
from automl.service.once import Once
from automl.service.studies import Changed

router = APIRouter(prefix="/v1/studies", tags=["studies"], route_class=BoundedRoute)
SCOPE = "studies"

DryRun = Annotated[bool, Query(description="Only validate, and answer 200 with the plan.")]
Status = Annotated[StudyStatus | None, Query(description="Only studies of this status.")]


@router.post(
    "",
    status_code=202,
    response_model=StudyView,
    responses={
        200: {"model": DryRunView, "description": "The plan, of a dry run"},
        **ACCEPTED,
    },
)
def create_study(
    *,
    context: ContextDep,
    tenant: TenantDep,
    fingerprint: FingerprintDep,
    body: StudyBody,
    dry_run: DryRun = False,
    key: IdempotencyKey = None,
) -> Response:
    """Start a study; with `dry_run` only show what it would do."""
    spec = body.to_spec()
    context.doorbell.ring()  # workers warm up while it is planned
    if dry_run:
        plan = studies.plan(context.store, context.cache, tenant, spec)
        return show(DryRunView.of(spec, plan))
    with Once(context.store, tenant=tenant, key=key, operation="POST /v1/studies") as once:
        if (kept := once.replay(fingerprint)) is not None:
            return replay(kept)
        replies: list[Reply] = []

        def keep(unit: Unit, study: Study) -> None:
            replies.append(_accepted(study, 202))
            once.keep(unit, fingerprint, replies[0])

        studies.create(context.store, context.cache, tenant=tenant, spec=spec, keep=keep)
    context.doorbell.ring()
    return replay(replies[0])


@router.get("", response_model=ListView[StudyView])
def list_studies(
    context: ContextDep,
    tenant: TenantDep,
    window: WindowDep,
    status: Status = None,
) -> Response:
    """List studies, the newest first."""
    find = partial(studies.page, context.store, tenant, status=status)
    page, following = window.newest(f"{SCOPE}?{status or ''}", find)
    items = [StudyView.of(study) for study in page]
    return show(ListView[StudyView](items=items, next_cursor=following))


@router.get("/{study_id}", response_model=StudyView)
def get_study(context: ContextDep, tenant: TenantDep, study_id: StudyId) -> Response:
    """Show one study as it stands."""
    return show(StudyView.of(studies.get(context.store, tenant, study_id)))


@router.post("/{study_id}/cancel", status_code=202, response_model=StudyView, responses=STEERED)
def cancel_study(context: ContextDep, tenant: TenantDep, study_id: StudyId) -> Response:
    """End the search now; the best model so far is published. Repeated: 200."""
    return _steer(context, studies.cancel, tenant, study_id)


@router.post("/{study_id}/pause", status_code=202, response_model=StudyView, responses=STEERED)
def pause_study(context: ContextDep, tenant: TenantDep, study_id: StudyId) -> Response:
    """Hold the search; paused time is not budget time. Repeated: 200."""
    return _steer(context, studies.pause, tenant, study_id)


@router.post("/{study_id}/resume", status_code=202, response_model=StudyView, responses=STEERED)
def resume_study(
    *,
    context: ContextDep,
    tenant: TenantDep,
    study_id: StudyId,
    fingerprint: FingerprintDep,
    body: ResumeBody | None = None,
    key: IdempotencyKey = None,
) -> Response:
    """Go on after a pause or, with a budget to add, after the end. Repeated: 200."""
    add = None if body is None or body.budget is None else body.budget.to_budget()
    operation = f"POST /v1/studies/{study_id}/resume"
    with Once(context.store, tenant=tenant, key=key, operation=operation) as once:
        if (kept := once.replay(fingerprint)) is not None:
            return replay(kept)
        replies: list[Reply] = []

        def keep(unit: Unit, result: Changed) -> None:
            replies.append(_accepted(result.study, 202 if result.changed else 200))
            once.keep(unit, fingerprint, replies[0])

        studies.resume(context.store, tenant, study_id, add=add, keep=keep)
    context.doorbell.ring()
    return replay(replies[0])


@router.delete("/{study_id}", status_code=204)
def delete_study(context: ContextDep, tenant: TenantDep, study_id: StudyId) -> None:
    """Delete an ended study with its trials, events and model."""
    studies.remove(context.store, tenant, study_id)


@router.api_route("/{study_id}/model/download", methods=["HEAD"], include_in_schema=False)
@router.get("/{study_id}/model/download", response_class=Response, responses=BINARY)
def download_study_model(
    request: Request,
    context: ContextDep,
    tenant: TenantDep,
    study_id: StudyId,
    file_format: ModelFormat = "onnx",
) -> Response:
    """Download the model that the study has published."""
    model = models.of_study(context.store, tenant, study_id)
    return download_model(request, context.store.artifacts, model, file_format)


@router.get("/{study_id}/report", response_model=StudyReport, responses=PAGE)
def report_study(
    request: Request, context: ContextDep, tenant: TenantDep, study_id: StudyId
) -> Response:
    """Report on an ended study: JSON, or one offline HTML page with `Accept: text/html`."""
    found = view(reports.of_study(context.store, tenant, study_id))
    vary = {"Vary": "Accept"}
    if not prefers(request, "text/html", over=JSON):
        return Response(json.dumps(found, allow_nan=False), media_type=JSON, headers=vary)
    policy = f"{page.POLICY}; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, **vary}
    return Response(page.write(found), media_type="text/html", headers=headers)


def _steer(
    context: Context, call: Callable[[Store, str, str], Changed], tenant: str, study_id: str
) -> Response:
    result = call(context.store, tenant, study_id)
    context.doorbell.ring()
    return replay(_accepted(result.study, 202 if result.changed else 200))


def _accepted(study: Study, status: int) -> Reply:
    return Reply(status, f"/v1/studies/{study.id}", StudyView.of(study).model_dump_json())
