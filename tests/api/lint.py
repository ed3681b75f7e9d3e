"""What is wrong with an OpenAPI document beyond its form: what a reader of it would miss.

The rules are those of the linters in use (Spectral's ``spectral:oas``, Redocly's ``recommended``),
as far as they matter to who reads or generates from the document.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]


def complaints(document: Json) -> Iterator[str]:
    """Yield a line for everything that is missing or said twice."""
    yield from _whole(document)
    tags = {tag["name"] for tag in document.get("tags", ())}
    seen: set[str] = set()
    for name, operation in operations(document).items():
        yield from (f"{name}: {said}" for said in _operation(operation, tags))
        own = operation.get("operationId", "")
        if own in seen:
            yield f"{name}: operationId {own!r} is taken"
        seen.add(own)
    used = _references(document)
    for name in document["components"]["schemas"]:
        if f"#/components/schemas/{name}" not in used:
            yield f"schema {name} is used by nothing"


def operations(document: Json) -> dict[str, Json]:
    """Return the operations by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def _whole(document: Json) -> Iterator[str]:
    info = document["info"]
    yield from (f"info has no {part}" for part in ("description", "license") if not info.get(part))
    names = [tag["name"] for tag in document.get("tags", ())]
    if len(set(names)) != len(names):
        yield "a tag is declared twice"
    yield from (
        f"tag {tag['name']} has no description"
        for tag in document.get("tags", ())
        if not tag.get("description")
    )


def _operation(operation: Json, tags: set[str]) -> Iterator[str]:
    for part in ("operationId", "summary", "description", "tags"):
        if not operation.get(part):
            yield f"no {part}"
    if operation.get("summary", "").endswith("."):
        yield "the summary is a heading, and ends in a full stop"
    yield from (f"tag {tag} is not declared" for tag in set(operation.get("tags", ())) - tags)
    for parameter in operation.get("parameters", ()):
        if not parameter.get("description"):
            yield f"parameter {parameter['name']} has no description"
    for status, response in operation["responses"].items():
        if response.get("description", "") in {"", "Successful Response"}:
            yield f"response {status} has no description of its own"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if kind == "application/json" and not _has_example(content):
            yield f"the body as {kind} has no example"


def _has_example(content: Json) -> bool:
    return bool(content.get("example") or content.get("examples"))


def _references(node: object) -> set[str]:
    if isinstance(node, Mapping):
        here = {node["$ref"]} if isinstance(node.get("$ref"), str) else set[str]()
        return here.union(*map(_references, node.values()))
    if isinstance(node, list):
        return set[str]().union(*map(_references, node))
    return set()
