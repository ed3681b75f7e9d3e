"""The live page and the description of the API, open to everyone: they hold no data."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from api.pages import Page


def router(pages: Mapping[str, Page]) -> APIRouter:
    """Return the routes that serve these files."""
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/", methods=["GET", "HEAD"])
    async def page(request: Request) -> Response:
        return _answer(request, pages["index.html"])

    @routes.api_route("/docs", methods=["GET", "HEAD"])
    async def docs(request: Request) -> Response:
        return _answer(request, pages["docs.html"])

    @routes.api_route("/assets/{path:path}", methods=["GET", "HEAD"])
    async def asset(request: Request, path: str) -> Response:
        if path not in pages:
            raise HTTPException(404)
        return _answer(request, pages[path])

    return routes


def _answer(request: Request, page: Page) -> Response:
    if request.headers.get("if-none-match") == page.headers["ETag"]:
        return Response(status_code=304, headers=page.headers)
    return Response(page.content, headers=page.headers, media_type=page.media_type)
