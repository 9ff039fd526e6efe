"""
One room service for all tests of the gates; each of them has rooms of its own in it.
"""

from collections.abc import Iterator

import pytest

from tests.gates.real import ROOMS, real_service


@pytest.fixture(scope="session")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """
    Run Valkey and the service once.
    """
    with real_service(tmp_path_factory.mktemp("service"), ROOMS) as url:
        yield url
