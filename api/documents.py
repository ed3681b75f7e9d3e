"""What /openapi.json says beyond what the code's types say."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from api import wording
from api.views.service import Problem
from api.views.studies import StudyView

_REF = "#/components/schemas/{model}"
_PROBLEM = {
    "description": "A problem (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}},
}

PROBLEMS: dict[int | str, dict[str, Any]] = {"4XX": _PROBLEM, "5XX": _PROBLEM}

_LOCATION = {"Location": {"description": "Where it is", "schema": {"type": "string"}}}

CREATED: dict[str, Any] = {"responses": {201: {"description": "Created", "headers": _LOCATION}}}
ACCEPTED: dict[int | str, dict[str, Any]] = {202: {"description": "Accepted", "headers": _LOCATION}}
STEERED: dict[int | str, dict[str, Any]] = {
    200: {"description": "It was so already", "headers": _LOCATION, "model": StudyView},
    **ACCEPTED,
}

_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key of `automl keys create`. Scopes: `read` looks and predicts, `write`"
    " also creates, steers and deletes, `admin` also manages keys. Needed once any key was created;"
    " before that the service answers on loopback only, without one.",
}

MEDIA_TYPES = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "npz": "application/x-npz",
    "zip": "application/zip",
    "tar": "application/x-tar",
    "ts": "text/plain",
}
"""How the formats of datasets are sent."""

_BYTES = {"type": "string", "format": "binary"}
_FILE_HEADERS = {
    "ETag": {"description": "The quoted sha-256 of the file", "schema": {"type": "string"}},
    "Accept-Ranges": {"description": "`bytes`", "schema": {"type": "string"}},
    "Content-Disposition": {"description": "The file's name", "schema": {"type": "string"}},
}
_FILE = {"*/*": {"schema": _BYTES}, "application/json": {"schema": {}}}  # a model's report is JSON
BINARY: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": _FILE, "headers": _FILE_HEADERS},
    206: {"description": "The range asked for", "content": _FILE, "headers": _FILE_HEADERS},
    304: {"description": "Not modified"},
}

UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": _BYTES,
                        "name": {"type": "string", "maxLength": 200},
                        "modality": {"type": "string"},
                    },
                }
            },
            **{media_type: {"schema": _BYTES} for media_type in MEDIA_TYPES.values()},
            "application/octet-stream": {"schema": _BYTES},
        },
    }
}

PREDICT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": _REF.format(model="PredictBody")}},
            "text/csv": {"schema": {"type": "string"}},
            "text/tab-separated-values": {"schema": {"type": "string"}},
            **{
                media_type: {"schema": _BYTES}
                for media_type in (
                    MEDIA_TYPES["parquet"],
                    MEDIA_TYPES["npz"],
                    MEDIA_TYPES["zip"],
                    "image/png",
                    "image/jpeg",
                )
            },
        },
    }
}

PREDICTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The predictions",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}

PAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report, or its page",
        "content": {"text/html": {"schema": {"type": "string"}}},
    }
}

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A stretch of the log, or its stream",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


def install(app: FastAPI, *models: type[Any]) -> None:
    """Add to the document what no route names by its types: `Problem` and ``models``."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            wanted = [(model, "validation") for model in (Problem, *models)]
            _, definitions = models_json_schema(wanted, ref_template=_REF)  # type: ignore[arg-type]
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).update(definitions["$defs"])
            components["securitySchemes"] = {"key": _KEY}
            wording.describe(document)
            for path, item in document["paths"].items():
                for operation in item.values():
                    _tidy(operation.get("parameters", ()))
                    if path.startswith("/v1/"):
                        operation["security"] = [{"key": []}, {}]
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]


def _tidy(parameters: Iterable[dict[str, Any]]) -> None:
    """Leave out that parameters may be null, as their types in the code may: none can be sent."""
    for parameter in parameters:
        schema = parameter["schema"]
        given = [form for form in schema.get("anyOf", ()) if form != {"type": "null"}]
        if len(given) == 1:
            del schema["anyOf"]
            schema |= given[0]
