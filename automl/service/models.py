"""Models: shown, handed out, removed."""

from collections.abc import Sequence

from automl.core.catalog import ExportFormat
from automl.core.errors import Detail, InvalidInput, ModelNotReady, NotFound
from automl.core.model import Artifact, Model
from automl.core.ports import Store


def get(store: Store, tenant: str, model_id: str) -> Model:
    """Return one model. Raises `NotFound`."""
    with store.unit() as unit:
        return unit.models.get(tenant, model_id)


def of_study(store: Store, tenant: str, study_id: str) -> Model:
    """Return the model that a study has published.

    Raises:
        ModelNotReady: the study has not ended yet.
        NotFound: no such study, it ended without a model, or the model was deleted.
    """
    with store.unit() as unit:
        study = unit.studies.get(tenant, study_id)
        if study.model_id is None and not study.status.ended:
            raise ModelNotReady
        if study.model_id is None:
            raise NotFound(f"The study {study_id} ended without a model, or it was deleted.")
        return unit.models.get(tenant, study.model_id)


def page(store: Store, tenant: str, *, before: str | None, limit: int) -> Sequence[Model]:
    """Return the newest first, those created before the id ``before``."""
    with store.unit() as unit:
        return unit.models.list(tenant, before=before, limit=limit)


def file(model: Model, wanted: str) -> Artifact:
    """Return the model's file in the format ``wanted``.

    Raises:
        InvalidInput: there is no such format.
    """
    if wanted not in tuple(model.formats):
        offered = ", ".join(model.formats)
        raise InvalidInput(
            f"The model has no format {wanted[:40]!r}; it is offered as {offered}.",
            errors=(Detail(f"must be one of {offered}", field="format"),),
        )
    return model.formats[ExportFormat(wanted)]


def filename(model: Model, wanted: str) -> str:
    """Return what the model's file is called once it is downloaded."""
    return f"{model.id}.{ExportFormat(wanted).suffix}"


def remove(store: Store, tenant: str, model_id: str) -> None:
    """Remove a model and its files. Raises `NotFound`."""
    with store.unit() as unit:
        unit.models.remove(tenant, model_id)
