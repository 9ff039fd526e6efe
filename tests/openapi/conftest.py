"""
A room at the desk.
"""

from collections.abc import AsyncIterator

import pytest

from tests.web.desk import Desk, open_desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """
    Serve a room; every answer is held against the document.
    """
    async with open_desk() as desk:
        yield desk
