"""Views as responses, written once as JSON by pydantic's own serializer."""

from fastapi import Response

from api.views.base import View
from automl.core.ports import Reply

JSON = "application/json"


def show(view: View, status: int = 200, *, location: str | None = None) -> Response:
    """Return the response that shows a view."""
    return replay(Reply(status, location, view.model_dump_json()))


def replay(reply: Reply) -> Response:
    """Return the response of a kept answer."""
    headers = {} if reply.location is None else {"Location": reply.location}
    return Response(reply.body, reply.status, headers=headers, media_type=JSON)
