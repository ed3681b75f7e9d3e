"""One server for the tests of this folder; those that need another start their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from automl.core.schema import Dataset
from automl.core.study import Study
from tests.api.harness import Hand, Service, add_dataset, add_study, serving


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server that takes uploads of up to 2 MiB."""
    with serving(tmp_path_factory.mktemp("service"), max_upload_bytes=2 * 1024 * 1024) as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Service]:
    """A server for one test."""
    with serving(tmp_path) as running:
        yield running


@pytest.fixture(scope="package")
def dataset(service: Service) -> Dataset:
    """A dataset that no test deletes."""
    return add_dataset(service.store)


@pytest.fixture(scope="package")
def ended(service: Service, dataset: Dataset) -> Study:
    """A study that succeeded; no test changes it."""
    study = add_study(service.store, dataset, trials=5)
    Hand(service.store, values=[0.5, 0.3, 0.4, 0.2, 0.6]).run(study.id)
    with service.store.unit() as unit:
        return unit.studies.get("default", study.id)
