import subprocess
import sys

from automl.core.catalog import Modality
from automl.core.leases import Worker
from automl.families import specs
from tests.api.harness import Hand, Service, add_dataset, add_study, wait_for
from tests.api.problems import problem


def test_the_process_is_up(service: Service) -> None:
    assert service.get("/healthz").json() == {"status": "ok"}


def test_ready_once_everything_was_reached(own: Service) -> None:
    own.bell.answers = False
    body = problem(own.get("/readyz"), 503, "NOT_READY")
    assert (body["store"], body["broker"], body["workers"]) == (True, False, 0)
    own.bell.answers = True
    body = problem(own.get("/readyz"), 503, "NOT_READY")
    assert (body["store"], body["broker"], body["workers"]) == (True, True, 0)
    own.bell.answers = False
    own.store.leases.beat(Worker("w1", "cpu", "idle", 0.0), ())
    body = own.get("/readyz").json()
    assert body == {"store": True, "broker": False, "workers": 1}
    own.store.leases.leave("w1")
    assert own.get("/readyz").status_code == 200


def test_workers_are_listed(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store))
    other = Worker("w2", "cuda:0", "busy", 0.0, "other", "st_secret", 7)
    for worker in (Worker("w1", "cpu", "busy", 0.0, "default", study.id, 3), other):
        own.store.leases.beat(worker, ())
    first, second = own.get("/v1/workers").json()["items"]
    assert first.keys() >= {"id", "device", "state", "last_heartbeat_at"}
    assert (first["id"], first["current_study"], first["current_trial"]) == ("w1", study.id, 3)
    assert (second["device"], second["state"]) == ("cuda:0", "busy")
    assert (second["current_study"], second["current_trial"]) == (None, None)


def test_families_are_listed(service: Service) -> None:
    items = service.get("/v1/families").json()["items"]
    assert [item["name"] for item in items] == [spec.name for spec in specs()]
    for item in items:
        assert item["title"]
        assert set(item["modalities"]) & set(Modality)
        for dimension in item["hyperparameters"]:
            assert dimension.keys() >= {
                "name", "type", "low", "high", "log", "choices", "default",
            }  # fmt: skip


def test_a_hyperparameter_says_which_tasks_it_serves(service: Service) -> None:
    items = service.get("/v1/families").json()["items"]
    (tree,) = (item for item in items if item["name"] == "decision_tree")
    tasks = {dimension["name"]: dimension["tasks"] for dimension in tree["hyperparameters"]}
    assert tasks["criterion"] == ["classification"]
    assert tasks["max_leaf_nodes"] is None


def test_a_hyperparameter_says_which_modalities_it_serves(service: Service) -> None:
    items = service.get("/v1/families").json()["items"]
    (mlp,) = (item for item in items if item["name"] == "mlp")
    modalities = {one["name"]: one["modalities"] for one in mlp["hyperparameters"]}
    assert modalities["layers"] is None
    assert "image" in modalities["flip"]
    assert "table" not in modalities["flip"]


def test_metrics_show_totals_and_latencies(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=2)
    Hand(own.store).run(study.id)
    own.get(f"/v1/studies/{study.id}")
    own.get("/v1/nothing/at/all")
    own.client.request("BREW", "/v1/studies")
    text = own.get("/metrics").text
    assert "automl_store_up 1.0" in text
    assert 'state="succeeded"' in text
    assert 'route="/v1/studies/{study_id}"' in text
    assert study.id not in text
    assert "nothing" not in text
    assert "BREW" not in text


def test_lapsed_leases_are_reaped(own: Service) -> None:
    study = add_study(own.store, add_dataset(own.store), trials=1)
    asked: list[int] = []
    reap = own.store.leases.reap

    def counted() -> int:
        asked.append(1)
        return reap()

    own.store.leases.reap = counted  # type: ignore[method-assign]
    wait_for(lambda: len(asked) >= 2)
    assert own.get(f"/v1/studies/{study.id}").json()["status"] == "queued"


def test_importing_the_application_stays_light() -> None:
    heavy = ["torch", "sklearn", "lightgbm", "catboost", "optuna", "pyarrow", "onnxruntime",
             "pandas", "celery"]  # fmt: skip
    code = f"import sys, api.app; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_planning_a_study_stays_light() -> None:
    heavy = ["torch", "sklearn", "scipy", "lightgbm", "catboost", "optuna", "onnxruntime"]
    code = f"import sys, automl.search.plan; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
