"""A server that ends gives up requests without an answer: they are told so, and not of a defect."""

import asyncio
import json

from starlette.types import Message, Receive, Scope, Send

from api.leaving import Leaving


def _cancelled(*, begun: bool) -> list[Message]:
    """Return what a client is sent whose request is cancelled while it is being answered."""
    sent: list[Message] = []
    waiting = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        waiting.set()
        await asyncio.Event().wait()

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing more is read")

    async def leave() -> None:
        scope: Scope = {"type": "http", "method": "POST", "path": "/v1/datasets", "headers": []}
        answering = asyncio.create_task(Leaving(app)(scope, receive, send))
        await waiting.wait()
        answering.cancel()
        await answering

    asyncio.run(leave())
    return sent


def test_a_request_without_an_answer_may_be_repeated() -> None:
    start, body = _cancelled(begun=False)
    assert start["status"] == 503
    assert (b"retry-after", b"2") in start["headers"]
    assert json.loads(body["body"])["reason"] == "STOPPING"


def test_an_answer_that_has_begun_just_ends() -> None:
    assert [message["type"] for message in _cancelled(begun=True)] == ["http.response.start"]
