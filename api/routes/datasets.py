"""Datasets over HTTP."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import uploads
from api.answers import show
from api.dependencies import ContextDep, DatasetId, IdempotencyKey, Label, TenantDep
from api.documents import BINARY, CREATED, MEDIA_TYPES, UPLOAD
from api.downloads import download
from api.paging import WindowDep
from api.views.base import ListView
from api.views.datasets import DatasetView, PreviewView
from automl.core.schema import Dataset
from automl.service import datasets

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])
SCOPE = "datasets"


@router.post("", status_code=201, response_model=DatasetView, openapi_extra=UPLOAD, **CREATED)
async def upload_dataset(
    *,
    request: Request,
    context: ContextDep,
    tenant: TenantDep,
    key: IdempotencyKey = None,
    name: Label = None,
    modality: Label = None,
) -> Response:
    """Upload a file: a raw body with its media type, or the multipart field `file`.

    What it holds is told by its content; `modality` (table, image, text, series, volume) says it.
    """
    given = uploads.Given(name=name, modality=modality)
    return await uploads.create_dataset(request, context, tenant=tenant, key=key, given=given)


@router.get("", response_model=ListView[DatasetView])
def list_datasets(context: ContextDep, tenant: TenantDep, window: WindowDep) -> Response:
    """List datasets, the newest first."""
    page, following = window.newest(SCOPE, partial(datasets.page, context.store, tenant))
    items = [DatasetView.of(dataset) for dataset in page]
    return show(ListView[DatasetView](items=items, next_cursor=following))


@router.get("/{dataset_id}", response_model=DatasetView)
def get_dataset(context: ContextDep, tenant: TenantDep, dataset_id: DatasetId) -> Response:
    """Show one dataset with its columns and warnings."""
    return show(DatasetView.of(datasets.get(context.store, tenant, dataset_id)))


@router.get("/{dataset_id}/preview", response_model=PreviewView)
def preview_dataset(
    context: ContextDep,
    tenant: TenantDep,
    dataset_id: DatasetId,
    rows: Annotated[
        int, Query(ge=1, description="At most 500 are shown, of large arrays fewer.")
    ] = 20,
) -> Response:
    """Show the first rows, cells as in the file."""
    found = datasets.preview(context.store, context.cache, tenant, dataset_id, rows=rows)
    return show(PreviewView(rows=found))


@router.api_route("/{dataset_id}/download", methods=["HEAD"], include_in_schema=False)
@router.get("/{dataset_id}/download", response_class=Response, responses=BINARY)
def download_dataset(
    request: Request, context: ContextDep, tenant: TenantDep, dataset_id: DatasetId
) -> Response:
    """Download the file as it was uploaded."""
    dataset = datasets.get(context.store, tenant, dataset_id)
    artifacts = context.store.artifacts
    packed = datasets.is_packed(context.store, dataset)
    plain = MEDIA_TYPES.get(dataset.format, "application/octet-stream")
    return download(
        request,
        artifacts,
        artifacts.get(dataset.source),
        filename=_file_name(dataset, packed=packed),
        media_type="application/gzip" if packed else plain,
    )


@router.delete("/{dataset_id}", status_code=204)
def delete_dataset(context: ContextDep, tenant: TenantDep, dataset_id: DatasetId) -> None:
    """Delete a dataset that no study is running on."""
    datasets.remove(context.store, tenant, dataset_id)


def _file_name(dataset: Dataset, *, packed: bool) -> str:
    """Return the dataset's name with the endings that its file has, each of them once."""
    if packed and dataset.name.endswith(".tgz"):
        return dataset.name
    ending = f".{dataset.format}"
    name = dataset.name.removesuffix(".gz") if packed else dataset.name
    return name.removesuffix(ending) + ending + (".gz" if packed else "")
