import pytest

from automl.core.errors import IdempotencyInFlight, IdempotencyKeyReused
from automl.core.ports import Reply, Store
from automl.service.once import Once

REPLY = Reply(201, "/v1/x", '{"id": 1}')


def _once(store: Store, key: str | None, operation: str = "make") -> Once:
    return Once(store, tenant="default", key=key, operation=operation)


def _answer(store: Store, once: Once, fingerprint: str = "f") -> None:
    with store.unit() as unit:
        once.keep(unit, fingerprint, REPLY)


def test_the_first_answer_is_given_again(store: Store) -> None:
    with _once(store, "k") as first:
        assert first.replay("f") is None
        _answer(store, first)
    with _once(store, "k") as again:
        assert again.replay("f") == REPLY
        with pytest.raises(IdempotencyKeyReused):
            again.replay("other")


def test_a_twin_waits(store: Store) -> None:
    with _once(store, "k") as first:
        first.touch()
        with pytest.raises(IdempotencyInFlight):
            _once(store, "k").reserve()
        _answer(store, first)


def test_a_key_belongs_to_one_operation(store: Store) -> None:
    with _once(store, "k") as first:
        _answer(store, first)
    with pytest.raises(IdempotencyKeyReused):
        _once(store, "k", "other").reserve()


def test_a_failure_frees_the_key(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), _once(store, "k"):
        _ = 1 / 0
    with _once(store, "k") as again:
        assert again.replay("f") is None
        _answer(store, again)


def test_an_answer_outlives_a_failure_behind_it(store: Store) -> None:

    def fail() -> None:
        with _once(store, "k") as first:
            _answer(store, first)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with _once(store, "k") as again:
        assert again.replay("f") == REPLY


def test_what_is_rolled_back_is_not_kept(store: Store) -> None:

    def fail() -> None:
        with _once(store, "k") as first, store.unit() as unit:
            first.keep(unit, "f", REPLY)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with _once(store, "k") as again:
        assert again.replay("f") is None
        _answer(store, again)


def test_without_a_key_nothing_is_kept(store: Store) -> None:
    with _once(store, None) as first:
        _answer(store, first)
    with _once(store, None) as again:
        assert again.replay("f") is None
