"""Models over HTTP."""

from collections.abc import Callable
from functools import partial
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from pydantic_core import from_json

from api.answers import show
from api.context import Context
from api.dependencies import ContextDep, ModelFormat, ModelId, TenantDep
from api.documents import BINARY, PREDICT, PREDICTED
from api.downloads import download_model as send
from api.errors import RefusedError, of_validation
from api.inbox import receive
from api.negotiation import prefers
from api.paging import WindowDep
from api.schemas import PredictBody
from api.views.base import ListView
from api.views.models import ModelView, PredictionsView
from automl.core.errors import Detail, InvalidRows
from automl.core.model import Model
from automl.service import models, predictions
from automl.service.predictions import Predicted

router = APIRouter(prefix="/v1/models", tags=["models"])
SCOPE = "models"
MAX_JSON_BYTES = 16 * 1024 * 1024
"""Parsing JSON holds all other requests up: 16 MiB take about 0.1 s."""
MAX_FILE_BYTES = 128 * 1024 * 1024

Answer = Callable[[Predicted], Response]


@router.get("", response_model=ListView[ModelView])
def list_models(context: ContextDep, tenant: TenantDep, window: WindowDep) -> Response:
    """List models, the newest first."""
    page, following = window.newest(SCOPE, partial(models.page, context.store, tenant))
    items = [ModelView.of(model) for model in page]
    return show(ListView[ModelView](items=items, next_cursor=following))


@router.get("/{model_id}", response_model=ModelView)
def get_model(context: ContextDep, tenant: TenantDep, model_id: ModelId) -> Response:
    """Show one model."""
    return show(ModelView.of(models.get(context.store, tenant, model_id)))


@router.api_route("/{model_id}/download", methods=["HEAD"], include_in_schema=False)
@router.get("/{model_id}/download", response_class=Response, responses=BINARY)
def download_model(
    request: Request,
    context: ContextDep,
    tenant: TenantDep,
    model_id: ModelId,
    file_format: ModelFormat = "onnx",
) -> Response:
    """Download the model's file."""
    model = models.get(context.store, tenant, model_id)
    return send(request, context.store.artifacts, model, file_format)


@router.post(
    "/{model_id}/predict",
    response_model=PredictionsView,
    responses=PREDICTED,
    openapi_extra=PREDICT,
)
async def predict(
    request: Request, context: ContextDep, tenant: TenantDep, model_id: ModelId
) -> Response:
    """Predict rows sent as JSON, CSV or Parquet; answers JSON, or CSV with `Accept: text/csv`.

    Arrays are sent as JSON or .npz, images also as PNG, JPEG or a zip of them (made to fit as at
    the upload, answered in the archive's order), series also as .ts or a long table.

    In CSV a class that a spreadsheet would run as a formula has an apostrophe before it.
    """
    model = await to_thread.run_sync(models.get, context.store, tenant, model_id)
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    score = _of_json if media_type == "application/json" else _of_file
    if score is _of_file and media_type not in predictions.FILES:
        known = ", ".join(("application/json", *predictions.FILES))
        raise RefusedError(415, "UNSUPPORTED_MEDIA_TYPE", f"Send rows as one of {known}.")
    answer = _as_csv if prefers(request, "text/csv", over="application/json") else _as_json
    return await score(request, context, model, answer)


@router.delete("/{model_id}", status_code=204)
def delete_model(context: ContextDep, tenant: TenantDep, model_id: ModelId) -> None:
    """Delete a model and its files."""
    models.remove(context.store, tenant, model_id)


async def _of_json(request: Request, context: Context, model: Model, answer: Answer) -> Response:
    with context.inbox.sink(MAX_JSON_BYTES) as sink:
        file = await receive(request.stream(), sink)

        def work() -> Response:
            body = _parse(file.path.read_bytes())
            if body.arrays is not None:
                return answer(predictions.of_array(context.scorers, model, body.arrays))
            return answer(predictions.of_rows(context.scorers, model, body.rows or []))

        return await to_thread.run_sync(work, limiter=context.predictions)


async def _of_file(request: Request, context: Context, model: Model, answer: Answer) -> Response:
    media_type = request.headers.get("content-type")  # with its charset
    with context.inbox.sink(MAX_FILE_BYTES) as sink:
        file = await receive(request.stream(), sink)

        def work() -> Response:
            found = predictions.of_file(context.scorers, model, file.path, media_type=media_type)
            return answer(found)

        return await to_thread.run_sync(work, limiter=context.predictions)


def _as_csv(predicted: Predicted) -> Response:
    return Response(predictions.as_csv(predicted), media_type="text/csv")


def _as_json(predicted: Predicted) -> Response:
    return show(PredictionsView.of(predicted))


def _parse(content: bytes) -> PredictBody:
    try:
        body: Any = from_json(content, allow_inf_nan=False)
        parsed = PredictBody.model_validate(body)
    except ValidationError as error:
        details = tuple(of_validation(item) for item in error.errors(include_url=False))
        first = details[0]
        said = f"{first.field}: {first.message}" if first.field else first.message
        raise InvalidRows(said, errors=details) from None
    except ValueError as error:
        raise InvalidRows(f"The body is not JSON: {error}") from None
    if (parsed.rows is None) == (parsed.arrays is None):
        message = "rows: needs rows, or X with the arrays of all rows, and not both"
        raise InvalidRows(message, errors=(Detail("rows or X, one of them", field="rows"),))
    return parsed
