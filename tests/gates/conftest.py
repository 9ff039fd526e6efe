"""
One room service for all tests of the gates, each of which has rooms of its own in it; and time for their reports.
"""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from tests.gates.real import ROOMS, real_service
from tests.waiting import PATIENCE_S
from waiting_room.gates import jwks, line


@pytest.fixture(scope="package", autouse=True)
def _reports_have_time() -> Iterator[None]:
    """
    Let a report take long: one that is given up is sent again, and until then newcomers wait, as in an outage.
    """
    with patch.object(line, "REPORT_TIME_OUT_S", PATIENCE_S), patch.object(jwks, "REPORT_TIME_OUT_S", PATIENCE_S):
        yield


@pytest.fixture(scope="session")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """
    Run Valkey and the service once.
    """
    with real_service(tmp_path_factory.mktemp("service"), ROOMS) as url:
        yield url
