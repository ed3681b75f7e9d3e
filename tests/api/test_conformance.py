"""The service holds to its own document, as schemathesis reads it; more: ``conformance.py``."""

from pathlib import Path

from tests.api.conformance import answers, run, working


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    with working(tmp_path) as service:
        done = run(service, examples=4, seed=1)
        told = answers(service)
    assert done.returncode == 0, done.stdout
    # What it sends is not refused for one and the same reason each time.
    for answer in (
        ("POST /v1/datasets", 201),
        ("POST /v1/studies", 202),
        ("POST /v1/models/{model_id}/predict", 200),
        ("GET /v1/studies/{study_id}/report", 200),
        ("DELETE /v1/datasets/{dataset_id}", 204),
    ):
        assert told[answer], answer
