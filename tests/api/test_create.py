import threading
from typing import Any

import httpx
import pytest

from tests.api.harness import Hand, Service
from tests.api.problems import problem

ROWS = "".join(f"{n % 7},{'red' if n % 3 else 'blue'},{n % 2}\n" for n in range(60))
CSV = "size,colour,flag\n" + ROWS


@pytest.fixture(scope="module")
def dataset_id(service: Service) -> str:
    headers = {"Content-Type": "text/csv"}
    response = service.post("/v1/datasets?name=colours", content=CSV, headers=headers)
    return str(response.json()["id"])


def _body(dataset_id: str, **changes: Any) -> dict[str, Any]:
    base = {
        "dataset_id": dataset_id,
        "task": {"type": "classification", "target": "colour"},
        "budget": {"trials": 2},
    }
    return base | changes


def _post(
    service: Service, body: dict[str, Any], query: str = "", **headers: str
) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.post(f"/v1/studies{query}", json=body, headers=sent)


def _whole(dataset_id: str) -> dict[str, Any]:
    """Return a request that says everything there is to say."""
    return {
        "dataset_id": dataset_id,
        "test_dataset_id": None,
        "task": {
            "type": "classification",
            "target": "colour",
            "metric": "auto",
            "positive": "red",
        },
        "columns": {"flag": {"kind": "categorical"}, "size": {"use": True}},
        "budget": {"seconds": 600, "trials": None},
        "families": ["linear", "mlp"],
        "search_space": {"mlp": {"layers": [2, 3], "dropout": 0.1}},
        "validation": {"strategy": "auto", "column": None, "test_fraction": "auto"},
        "objective": {"max_model_bytes": None, "max_row_ms": None},
        "ensemble": True,
        "seed": 7,
        "priority": 5,
        "name": "whole",
    }


def test_the_positive_class_is_echoed_as_the_classes_are(service: Service) -> None:
    content = "size,sold\n" + "".join(f"{n}.5,{n % 2}\n" for n in range(40))
    headers = {"Content-Type": "text/csv"}
    created = service.post("/v1/datasets?name=sold", content=content, headers=headers)
    for positive in (0, "0", 0.0, False):
        task = {"type": "classification", "target": "sold", "positive": positive}
        body = _post(service, _body(created.json()["id"], task=task)).json()
        assert body["task"]["positive"] == 0, body


def test_a_study_is_queued(service: Service, dataset_id: str) -> None:
    rings = service.bell.rings
    response = _post(service, _whole(dataset_id))
    body = response.json()
    assert response.status_code == 202, body
    assert response.headers["location"] == f"/v1/studies/{body['id']}"
    assert body["status"] == "queued"
    assert body["name"] == "whole"
    assert body["seed"] == 7
    assert body["task"]["positive"] == "red"
    assert body["metric"] == {"name": "roc_auc", "direction": "maximize"}
    assert body["budget"] == {"seconds": 600.0, "trials": None}
    assert body["best"] is None
    assert body["model_id"] is None
    assert body["last_seq"] == 2
    assert body["started_at"] is None
    assert service.bell.rings == rings + 2  # before it was planned, and when it was there
    assert service.get(f"/v1/studies/{body['id']}").json() == body
    problem(service.get(f"/v1/studies/{body['id']}/model/download"), 409, "MODEL_NOT_READY")
    problem(service.delete(f"/v1/studies/{body['id']}"), 409)
    service.post(f"/v1/studies/{body['id']}/cancel")


def test_a_study_without_a_budget_gets_ten_minutes(service: Service, dataset_id: str) -> None:
    body = _body(dataset_id)
    del body["budget"]
    answer = _post(service, body, "?dry_run=true")
    assert answer.status_code == 200, answer.text
    assert answer.json()["estimates"]["seconds"] == 600


def test_a_dry_run_stores_nothing(service: Service, dataset_id: str) -> None:
    before = service.get("/v1/studies?limit=500").json()["items"]
    response = _post(service, _whole(dataset_id), "?dry_run=true", Idempotency_Key="dry")
    body = response.json()
    assert response.status_code == 200, body
    assert body["families"] == ["linear", "mlp"]
    assert body["folds"] >= 2
    assert body["split"]["rows"] == 60
    assert body["estimates"]["seconds"] == 600
    assert body["plan"]["classes"] == ["blue", "red"]
    assert service.get("/v1/studies?limit=500").json()["items"] == before
    started = _post(service, _whole(dataset_id), Idempotency_Key="dry")
    assert started.status_code == 202
    service.post(f"/v1/studies/{started.json()['id']}/cancel")


WRONG: list[tuple[dict[str, Any], str, str | None]] = [
    ({"task": {"type": "multilabel", "target": "colour"}}, "NOT_SUPPORTED", "task.type"),
    ({"task": {"type": "segmentation", "target": "colour"}}, "NOT_SUPPORTED", "task.type"),
    ({"task": {"type": "forecasting", "target": "colour"}}, "NOT_SUPPORTED", "task.type"),
    ({"task": {"type": "segmentation"}}, "NOT_SUPPORTED", "task.type"),
    ({"task": {"type": "multilabel", "target": ["a", "b"]}}, "NOT_SUPPORTED", "task.type"),
    ({"task": {"type": "magic", "target": "colour"}}, "INVALID_INPUT", "task.type"),
    ({"task": {"type": "classification"}}, "INVALID_SPEC", "task.target"),
    ({"task": {"type": "classification", "target": "gone"}}, "INVALID_SPEC", "task.target"),
    ({"task": {"type": "classification", "target": "colour", "metric": "rmse"}}, "INVALID_SPEC",
     "task.metric"),
    ({"task": {"type": "classification", "target": "colour", "metric": "x"}}, "INVALID_INPUT",
     "task.metric"),
    ({"task": {"type": "classification", "target": "colour", "positive": "green"}}, "INVALID_SPEC",
     "task.positive"),
    ({"task": {"type": "regression", "target": "size", "positive": "1"}}, "INVALID_SPEC",
     "task.positive"),
    ({"task": {"type": "regression", "target": "colour"}}, "INVALID_SPEC", None),
    ({"validation": {"strategy": "time", "column": "gone"}}, "INVALID_SPEC", "validation.column"),
    ({"validation": {"strategy": "time", "column": "colour"}}, "INVALID_SPEC", "validation.column"),
    ({"validation": {"strategy": "group"}}, "INVALID_SPEC", "validation.column"),
    ({"validation": {"column": "row"}}, "INVALID_SPEC", "validation.column"),
    ({"validation": {"test_fraction": 0.6}}, "INVALID_INPUT", "validation.test_fraction"),
    ({"validation": {"test_fraction": "0.1"}}, "INVALID_INPUT", "validation.test_fraction"),
    ({"families": ["mlp", "soup"]}, "INVALID_SPEC", "families.1"),
    ({"families": []}, "INVALID_INPUT", "families"),
    ({"search_space": {"soup": {}}}, "INVALID_SPEC", "search_space.soup"),
    ({"search_space": {"mlp": {"soup": 1}}}, "INVALID_SPEC", "search_space.mlp.soup"),
    ({"search_space": {"mlp": {"layers": 10**9}}}, "INVALID_SPEC", "search_space.mlp.layers"),
    ({"search_space": {"mlp": {"flip": True}}}, "INVALID_SPEC", "search_space.mlp.flip"),
    ({"search_space": {"mlp": {"loss": "mae"}}}, "INVALID_SPEC", "search_space.mlp.loss"),
    ({"budget": {}}, "INVALID_INPUT", "budget"),
    ({"budget": {"seconds": 0}}, "INVALID_INPUT", "budget.seconds"),
    ({"budget": {"seconds": True}}, "INVALID_INPUT", "budget.seconds"),
    ({"budget": {"seconds": "60"}}, "INVALID_INPUT", "budget.seconds"),
    ({"budget": {"trials": 0}}, "INVALID_INPUT", "budget.trials"),
    ({"budget": {"trials": 1.5}}, "INVALID_INPUT", "budget.trials"),
    ({"budget": {"trials": 1, "hours": 1}}, "INVALID_INPUT", "budget.hours"),
    ({"seed": -1}, "INVALID_INPUT", "seed"),
    ({"seed": 2**63}, "INVALID_INPUT", "seed"),
    ({"priority": 10}, "INVALID_INPUT", "priority"),
    ({"priority": -1}, "INVALID_INPUT", "priority"),
    ({"ensemble": "yes"}, "INVALID_INPUT", "ensemble"),
    ({"name": ""}, "INVALID_INPUT", "name"),
    ({"name": "a\0b"}, "INVALID_INPUT", "name"),
    ({"name": "x" * 201}, "INVALID_INPUT", "name"),
    ({"columns": {"gone": {"use": False}}}, "INVALID_SPEC", None),
    ({"columns": {"size": {"kind": "soup"}}}, "INVALID_INPUT", "columns.size.kind"),
    ({"objective": {"max_row_ms": -1}}, "INVALID_INPUT", "objective.max_row_ms"),
    ({"surprise": 1}, "INVALID_INPUT", "surprise"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "reason", "field"), WRONG)
def test_a_wrong_request_says_where(
    service: Service, dataset_id: str, change: dict[str, Any], reason: str, field: str | None
) -> None:
    body = problem(_post(service, _body(dataset_id, **change)), 422, reason)
    if field is not None:
        assert field in {place["field"] for place in body["errors"]}


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"task": {"type": "classification", "target": "colour", "metric": "x"}}, "task.metric",
         "'auto' or 'roc_auc', "),
        ({"task": {"type": "classification", "target": "colour", "positive": []}},
         "task.positive", "a valid string or a valid boolean or a valid integer or a valid number"),
        ({"validation": {"test_fraction": 0.6}}, "validation.test_fraction",
         "'auto' or less than or equal to 0.5"),
    ],
)  # fmt: skip
def test_all_that_would_be_right_is_said_at_once(
    service: Service, dataset_id: str, change: dict[str, Any], field: str, says: str
) -> None:
    body = problem(_post(service, _body(dataset_id, **change)), 422, "INVALID_INPUT")
    assert [place["field"] for place in body["errors"]] == [field]
    assert says in body["detail"]


@pytest.mark.parametrize("field", ["dataset_id", "test_dataset_id"])
@pytest.mark.parametrize("value", ["ds_unknown", "x/../y", "a\0b"])
def test_an_unknown_dataset_is_a_404(
    service: Service, dataset_id: str, field: str, value: str
) -> None:
    body = problem(_post(service, _body(dataset_id) | {field: value}), 404, "NOT_FOUND")
    assert body["errors"][0]["field"] == field


def test_the_known_families_are_named(service: Service, dataset_id: str) -> None:
    body = problem(_post(service, _body(dataset_id, families=["soup"])), 422)
    for family in service.get("/v1/families").json()["items"]:
        assert family["name"] in body["detail"]


def test_numbers_that_json_does_not_know(service: Service, dataset_id: str) -> None:
    for number in ("NaN", "Infinity", "-Infinity", "1e999"):
        content = (
            f'{{"dataset_id": "{dataset_id}", "budget": {{"seconds": {number}}},'
            ' "task": {"type": "classification", "target": "colour"}}'
        )
        headers = {"Content-Type": "application/json"}
        response = service.post("/v1/studies", content=content, headers=headers)
        assert response.status_code in (400, 422)
        problem(response, response.status_code)


def test_twins_start_one_study(service: Service, dataset_id: str) -> None:
    answers: list[httpx.Response] = []

    def one() -> None:
        answers.append(_post(service, _body(dataset_id), Idempotency_Key="study-twins"))

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert len(made) == 1
    for answer in answers:
        if answer.status_code != 202:
            problem(answer, 409, "IDEMPOTENCY_IN_FLIGHT")
    again = _post(service, _body(dataset_id), Idempotency_Key="study-twins")
    assert again.json()["id"] in made
    assert again.status_code == 202
    other = _post(service, _body(dataset_id, seed=1), Idempotency_Key="study-twins")
    problem(other, 409, "IDEMPOTENCY_KEY_REUSED")
    service.post(f"/v1/studies/{made.pop()}/cancel")


def test_a_study_is_steered(service: Service, dataset_id: str) -> None:
    study_id = _post(service, _body(dataset_id)).json()["id"]
    path = f"/v1/studies/{study_id}"
    for verb, status in (("pause", "paused"), ("resume", "queued")):
        first, again = service.post(f"{path}/{verb}"), service.post(f"{path}/{verb}")
        assert (first.status_code, again.status_code) == (202, 200), verb
        assert first.json()["status"] == status
        assert first.headers["location"] == path
    Hand(service.store, values=[0.4, 0.6]).run(study_id)
    for verb in ("cancel", "pause"):
        problem(service.post(f"{path}/{verb}"), 409, "STUDY_STATE")
    problem(service.post(f"{path}/resume"), 409, "STUDY_STATE")
    wrongs: list[Any] = [{"budget": {"trials": 0}}, {"budget": {}}, {"x": 1}, []]
    for wrong in wrongs:
        problem(service.post(f"{path}/resume", json=wrong), 422, "INVALID_INPUT")
    headers = {"Idempotency-Key": f"resume-{study_id}"}
    more = {"budget": {"trials": 1}}
    first = service.post(f"{path}/resume", json=more, headers=headers)
    again = service.post(f"{path}/resume", json=more, headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert service.get(path).json()["budget"]["trials"] == 3  # added once
    kept = service.get(path).json()["model_id"]
    assert kept is not None
    Hand(service.store, values=[0.9]).run(study_id)
    assert service.get(path).json()["model_id"] != kept


def test_cancel_takes_the_best_so_far(service: Service, dataset_id: str) -> None:
    study_id = _post(service, _body(dataset_id, budget={"trials": 50})).json()["id"]
    path = f"/v1/studies/{study_id}"
    hand = Hand(service.store)
    hand.trial(study_id)
    first, again = service.post(f"{path}/cancel"), service.post(f"{path}/cancel")
    assert (first.status_code, again.status_code) == (202, 200)
    hand.run(study_id)
    body = service.get(path).json()
    assert body["status"] == "cancelled"
    assert body["model_id"] is not None
    assert body["progress"]["fraction"] == 1
    assert study_id in service.get("/v1/studies?status=cancelled&limit=500").text
    assert study_id not in service.get("/v1/studies?status=running&limit=500").text
    assert service.delete(path).status_code == 204
    problem(service.get(path), 404)
    problem(service.get(f"/v1/models/{body['model_id']}"), 404)


def test_a_study_without_a_model_has_no_download(service: Service, dataset_id: str) -> None:
    study_id = _post(service, _body(dataset_id)).json()["id"]
    service.post(f"/v1/studies/{study_id}/cancel")
    body = service.get(f"/v1/studies/{study_id}").json()
    assert (body["status"], body["model_id"]) == ("cancelled", None)
    problem(service.get(f"/v1/studies/{study_id}/model/download"), 404, "NOT_FOUND")
