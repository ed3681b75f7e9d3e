from automl.core.study import Study
from tests.api.harness import Service


def test_an_ended_study_shows_its_results(service: Service, ended: Study) -> None:
    body = service.get(f"/v1/studies/{ended.id}").json()
    assert body["status"] == "succeeded"
    assert body["best"] == {"trial": 3, "family": "mlp", "value": 0.2}
    assert body["metric"] == {"name": "log_loss", "direction": "minimize"}
    assert body["baseline"] == {"value": 0.69}
    assert body["progress"]["fraction"] == 1
    assert body["progress"]["trials"]["complete"] == 5
    assert body["task"]["metric"] == "auto"
    assert body["error"] is None
    assert body["finished_at"].endswith("Z")
    for name, link in body["links"].items():
        expected = 404 if name == "report" else 200  # the harness's hand writes none
        assert service.get(link).status_code == expected, name
