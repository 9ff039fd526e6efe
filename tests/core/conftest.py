"""
What holds for all tests of the core.
"""

import sys

import pytest


@pytest.fixture(scope="session", autouse=True)
def nothing_remembered() -> None:
    """
    Begin with empty caches: what mutmut forks would else answer a mutant's tests from the caches of the run before.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("waiting_room.core"):
            for value in vars(module).values():
                clear = getattr(value, "cache_clear", None)
                if clear is not None:
                    clear()
