"""
Every kind of finding, once: docs/doctor.md is made from it. Pure.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from waiting_room.doctor.findings import Finding, Kind, Severity
from waiting_room.doctor.remedies_http import KINDS as HTTP
from waiting_room.doctor.remedies_redis import KINDS as REDIS

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.code: kind for kind in (*HTTP, *REDIS)})


def found(code: str, where: str, what: str, severity: Severity | None = None) -> Finding:
    """
    Return a finding of this *code*; as bad as its kind usually is, unless *severity* says otherwise.
    """
    kind = KINDS[code]
    return Finding(code, severity or kind.severity, where, what, kind.why, kind.remedy)
