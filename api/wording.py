"""What /openapi.json says in words that no type holds: tags, parameters, answers, examples."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}

TAGS = [
    {"name": "datasets", "description": "Uploaded files, profiled and immutable."},
    {"name": "studies", "description": "Searches with their trials, curves, events and reports."},
    {"name": "models", "description": "What studies end with: files to take, and predictions."},
    {"name": "service", "description": "Workers, families of models, health and figures."},
]

PARAMETERS = {
    "dataset_id": "A dataset's id.",
    "study_id": "A study's id.",
    "model_id": "A model's id.",
    "number": "A trial's number within its study, from 0.",
    "name": "What to call it; the file's name if left out.",
    "modality": "What the file holds: table, image, text, series or volume; told by its content if"
    " left out.",
    "Last-Event-ID": "The number of the last event that you have, as a browser sends it: a stream"
    " goes on behind it, whatever `after` says. An empty one is none.",
}

ANSWERS = {"204": "It is gone.", "text/plain": "Totals and latencies."}
UNSAID = "Successful Response"
"""What stands where nobody said anything."""

EXAMPLES: Mapping[str, Json] = {
    "StudyBody": {
        "dataset_id": "ds_01jd6vb6q2w9k4m7x3e5r8t0",
        "task": {"type": "classification", "target": "income"},
        "budget": {"seconds": 600},
    },
    "ResumeBody": {"budget": {"seconds": 300}},
    "PredictBody": {"rows": [{"age": 39, "education": "Bachelors", "hours-per-week": 40}]},
}


def describe(document: Json) -> None:
    """Put the words into a document."""
    document["info"]["license"] = LICENSE
    document["tags"] = TAGS
    schemas = document["components"]["schemas"]
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in PARAMETERS:
                    parameter.setdefault("description", PARAMETERS[parameter["name"]])
            for status, response in operation["responses"].items():
                if response["description"] == UNSAID:
                    response["description"] = _answer(status, response, schemas)
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None and (name := _name(body["schema"])) in EXAMPLES:
                body["example"] = EXAMPLES[name]


def _answer(status: str, response: Json, schemas: Mapping[str, Json]) -> str:
    """Return what an answer is: the first line of what its schema says of itself."""
    if status in ANSWERS:
        return ANSWERS[status]
    kind, content = next(iter(response["content"].items()))
    name = _name(content["schema"])
    if name.startswith("ListView"):
        return "One page of the list."
    said: str = schemas.get(name, {}).get("description", ANSWERS.get(kind, UNSAID))
    return said.partition("\n")[0]


def _name(schema: Json) -> str:
    """Return the name of the schema that is meant, of several the first."""
    first = schema["anyOf"][0] if "anyOf" in schema else schema
    return str(first.get("$ref", "")).rpartition("/")[2]
