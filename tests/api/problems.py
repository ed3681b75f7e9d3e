"""What every refusal must look like."""

from typing import Any

import httpx

from api.errors import SAFE


def problem(response: httpx.Response, status: int, reason: str | None = None) -> dict[str, Any]:
    """Return the problem of a response, after checking its form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "reason"} <= body.keys()
    assert body["status"] == status
    assert body["detail"]
    assert body["reason"] == body["reason"].upper()
    if reason is not None:
        assert body["reason"] == reason
    for place in body.get("errors", []):
        assert place["message"]
    text = response.text
    assert "Traceback" not in text
    assert '.py"' not in text
    assert "/automl" not in text
    assert "<html" not in text.lower()
    for name, value in SAFE.items():
        assert response.headers[name] == value
    if status in (503, 507):
        assert 0 < float(response.headers["retry-after"]) <= 5
    return body
