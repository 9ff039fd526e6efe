"""
A worker may have as many visitors connected as the system lets it.
"""

import resource

from waiting_room.open_files import OPEN_FILES, raise_file_limit


def test_the_limit_that_systems_begin_with_is_raised(file_limits: tuple[int, int]) -> None:
    """
    With 1,024 the thousandth visitor would be the last, and a thousand silent connections would be enough.
    """
    _, hard = file_limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    raise_file_limit()

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (
        OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard),
        hard,
    )


def test_a_limit_that_is_high_enough_is_left_alone(file_limits: tuple[int, int]) -> None:
    """
    Whoever has set it higher meant it.
    """
    _, hard = file_limits
    enough = min(OPEN_FILES, hard) if hard != resource.RLIM_INFINITY else OPEN_FILES + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
    raise_file_limit()

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (enough, hard)
