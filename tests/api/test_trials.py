import pytest

from automl.core.catalog import FamilyName
from automl.core.schema import Dataset
from automl.core.study import Study
from automl.core.trial import Candidate, CurvePoint, Turn
from tests.api.harness import Hand, Service, add_study
from tests.api.problems import problem

FIELDS = {"number", "state", "family", "params", "value", "fold_values", "epochs", "seconds",
          "worker", "attempts", "reason", "parameters", "started_at", "finished_at"}  # fmt: skip


def test_the_leaderboard_shows_every_field(service: Service, ended: Study) -> None:
    body = service.get(f"/v1/studies/{ended.id}/trials").json()
    assert [item["number"] for item in body["items"]] == [0, 1, 2, 3, 4]
    assert body["next_cursor"] is None
    assert all(item.keys() >= FIELDS for item in body["items"])


@pytest.mark.parametrize("sort", ["number", "value", "seconds", "started_at"])
def test_every_sort_gives_every_trial(service: Service, ended: Study, sort: str) -> None:
    items = service.get(f"/v1/studies/{ended.id}/trials?sort={sort}").json()["items"]
    assert sorted(item["number"] for item in items) == [0, 1, 2, 3, 4]


def test_states_filter(service: Service, ended: Study) -> None:
    path = f"/v1/studies/{ended.id}/trials"
    assert len(service.get(f"{path}?state=complete").json()["items"]) == 5
    assert service.get(f"{path}?state=failed").json()["items"] == []
    for wrong in ("state=gone", "sort=name", "sort="):
        problem(service.get(f"{path}?{wrong}"), 422, "INVALID_INPUT")


def test_a_trial_shows_its_curve(service: Service, ended: Study) -> None:
    trial = service.get(f"/v1/studies/{ended.id}/trials/3").json()
    assert trial.keys() >= FIELDS
    assert [point["epoch"] for point in trial["curve"]] == [1, 2, 3]
    assert trial["curve"][0].keys() == {
        "epoch", "fold", "train_loss", "valid_loss", "value", "learning_rate", "gradient_norm",
        "seconds",
    }  # fmt: skip
    assert trial["value"] == 0.2


def test_a_curves_points_name_their_fold(service: Service, dataset: Dataset) -> None:
    study = add_study(service.store, dataset, trials=1)
    leases = service.store.leases
    turn = leases.claim("hand")
    assert isinstance(turn, Turn)
    attempt = leases.begin("hand", turn, Candidate(FamilyName.MLP))
    assert attempt is not None
    points = [CurvePoint(1, fold=0), CurvePoint(2, fold=0), CurvePoint(3, fold=1)]
    leases.record(attempt, points)
    curve = service.get(f"/v1/studies/{study.id}/trials/0").json()["curve"]
    assert [(point["fold"], point["epoch"]) for point in curve] == [(0, 1), (0, 2), (1, 3)]
    events = service.get(f"/v1/studies/{study.id}/events").json()["items"]
    assert [e["data"]["fold"] for e in events if e["type"] == "trial.epoch"] == [1]
    leases.prune(attempt, 0.1)
    Hand(service.store).run(study.id)


def test_a_long_curve_is_thinned(service: Service, dataset: Dataset) -> None:
    study = add_study(service.store, dataset, trials=1)
    Hand(service.store).step(curve=500)
    path = f"/v1/studies/{study.id}/trials/0"
    assert len(service.get(path).json()["curve"]) == 500
    thin = service.get(f"{path}?max_points=20").json()["curve"]
    assert len(thin) == 20
    assert (thin[0]["epoch"], thin[-1]["epoch"]) == (1, 500)
    (last,) = service.get(f"{path}?max_points=1").json()["curve"]
    assert last["epoch"] == 500
    for wrong in ("0", "-1", "x"):
        problem(service.get(f"{path}?max_points={wrong}"), 422)
    Hand(service.store).run(study.id)


@pytest.mark.parametrize("number", ["5", "-1", "x", "9" * 30, "1.0", "٣", "2147483648"])
def test_no_such_trial(service: Service, ended: Study, number: str) -> None:
    problem(service.get(f"/v1/studies/{ended.id}/trials/{number}"), 404, "NOT_FOUND")
