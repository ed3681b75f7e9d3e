"""A server that the commands of one file talk to."""

from collections.abc import Iterator

import pytest

from tests.api.harness import Service, serving


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Workers' part is played by hand."""
    with serving(tmp_path_factory.mktemp("service")) as running:
        yield running
