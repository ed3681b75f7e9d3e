"""What a client may conclude from an answer, and whether it asks again."""

import httpx
import pytest

from tests.torture.actor import judged
from tests.torture.history import Outcome


def _answer(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers=headers)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (_answer(201), (Outcome.OK, False)),
        (_answer(202), (Outcome.OK, False)),
        (_answer(422), (Outcome.FAIL, False)),
        (_answer(409), (Outcome.FAIL, False)),
        (_answer(409, **{"Retry-After": "1"}), (Outcome.FAIL, True)),  # a twin is in flight
        (_answer(503, **{"Retry-After": "1"}), (Outcome.UNKNOWN, True)),
        (_answer(500), (Outcome.UNKNOWN, True)),
        (httpx.ConnectError("refused"), (Outcome.FAIL, True)),  # it was never sent
        (httpx.ReadError("reset"), (Outcome.UNKNOWN, True)),
        (httpx.ReadTimeout("silence"), (Outcome.UNKNOWN, True)),
        (httpx.RemoteProtocolError("cut"), (Outcome.UNKNOWN, True)),
    ],
)
def test_only_a_definite_answer_is_taken_for_one(
    answer: httpx.Response | httpx.TransportError, expected: tuple[Outcome, bool]
) -> None:
    assert judged(answer) == expected
