"""
How many files and connections a process may have open at one time.
"""

import resource
from typing import Final

OPEN_FILES: Final = 65_536
"""Open files of one process at the most; each visitor who is connected is one."""


def raise_file_limit(most: int = OPEN_FILES) -> int:
    """
    Let this process have as many connections open as the system lets it, up to *most*, and return how many that are.

    A limit that is higher already stays. Most systems begin with 1,024, for the sake of programs that use select().
    From then on nobody else is answered, and whoever opens connections and says nothing can have them all.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return most if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
