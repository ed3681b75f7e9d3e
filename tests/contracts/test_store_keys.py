"""API keys on both databases: what opens, what does not, and what is kept of a secret."""

import pytest
from sqlalchemy import select

from automl.core.errors import InvalidInput, NotFound
from automl.core.ids import new_id
from automl.core.key import Key, Scope
from automl.service import keys
from automl.store import SqlStore, tables
from tests.store import values


def test_no_key_at_first_and_some_for_ever_after_one(store: SqlStore) -> None:
    assert not keys.exist(store)
    assert keys.page(store) == []
    key, _ = keys.create(store, tenant="a", scope=Scope.READ)
    keys.revoke(store, key.id)
    assert keys.exist(store)
    assert [known.id for known in keys.page(store)] == [key.id]


def test_a_key_is_recognized_by_its_text_alone(store: SqlStore) -> None:
    key, text = keys.create(store, tenant="tënant", scope=Scope.WRITE)
    other, other_text = keys.create(store, tenant="b", scope=Scope.READ)
    assert text.startswith(f"{key.id}.")
    seen = keys.recognize(store, text)
    assert seen is not None
    assert (seen.key, seen.seconds_left) == (key, None)
    secret, other_secret = text.split(".")[1], other_text.split(".")[1]
    stranger = new_id("key", key.created_at)
    for wrong in (
        "", key.id, secret, f"{key.id}.", f"{other.id}.{secret}", f"{key.id}.{other_secret}",
        f"{stranger}.{secret}", text + "A", text[:-1], text.upper(), f" {text}", f"{text}\n",
        "key_\0." + secret, text * 1000,
    ):  # fmt: skip
        assert keys.recognize(store, wrong) is None, wrong


def test_only_a_digest_is_kept(store: SqlStore) -> None:
    key, text = keys.create(store, tenant="a", scope=Scope.ADMIN)
    with store.database.transaction() as tx:
        row = tx.reader.execute(select(tables.keys)).mappings().one()
    assert row["id"] == key.id
    assert len(row["sha256"]) == 64
    assert text.split(".")[1] not in str(dict(row))


def test_a_revoked_key_opens_nothing(store: SqlStore) -> None:
    key, text = keys.create(store, tenant="a", scope=Scope.READ)
    keys.revoke(store, key.id)
    assert keys.recognize(store, text) is None
    first = keys.page(store)[0].revoked_at
    keys.revoke(store, key.id)
    assert keys.page(store)[0].revoked_at == first
    with pytest.raises(NotFound, match="key_none"):
        keys.revoke(store, "key_none")


def test_a_key_expires_on_the_databases_clock(store: SqlStore) -> None:
    _, text = keys.create(store, tenant="a", scope=Scope.READ, expires_seconds=100.0)
    seen = keys.recognize(store, text)
    assert seen is not None
    assert seen.seconds_left is not None
    assert 90.0 < seen.seconds_left <= 100.0
    values.age(store, 101.0)
    assert keys.recognize(store, text) is None


def test_the_last_use_is_noted(store: SqlStore) -> None:
    made = [keys.create(store, tenant="a", scope=Scope.READ)[0] for _ in range(3)]
    keys.note_use(store, [made[0].id, made[2].id, "key_none"])
    unused = {key.id for key in keys.page(store) if key.last_used_at is None}
    assert unused == {made[1].id}  # made within a millisecond they stand in any order


@pytest.mark.parametrize("tenant", ["", " a", "a\n", "a\0", "x" * 101, "\x1b[31m"])
def test_a_tenants_name_is_checked(store: SqlStore, tenant: str) -> None:
    with pytest.raises(InvalidInput, match="tenant"):
        keys.create(store, tenant=tenant, scope=Scope.READ)
    assert not keys.exist(store)


def test_each_scope_includes_those_before_it() -> None:
    allowed = [[have.allows(need) for need in Scope] for have in Scope]
    assert allowed == [[True, False, False], [True, True, False], [True, True, True]]


def test_validity() -> None:
    key = Key("key_1", "a", Scope.READ, created_at=0.0, expires_at=10.0)
    assert key.valid(9.9)
    assert not key.valid(10.0)
