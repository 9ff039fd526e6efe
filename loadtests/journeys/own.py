"""
Load journeys of one's own from their files: in the generator's process, and nowhere else.
"""

import sys
from functools import cache
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from loadtests.crowd.own import Own, own_faults
from loadtests.journeys.shopping import Shopping
from waiting_room.errors import Fault, FaultsError


class OwnJourneyError(FaultsError):
    """
    Refuse a journey of one's own, with everything that is wrong with it.
    """


@cache
def load(own: Own) -> type[Shopping]:
    """
    Return the class, ready to walk.

    Raises:
        OwnJourneyError: there is no such file or class, running the file fails, it is no `Shopping`, its table is not
            sound, or it lacks a method for one of the table's pages.
    """
    if faults := tuple(own_faults(own, str(own))):
        raise OwnJourneyError(faults)
    found = getattr(_run(own), own.name)
    if not (isinstance(found, type) and issubclass(found, Shopping)):
        raise OwnJourneyError((Fault(str(own), "is no Shopping", f"write `class {own.name}(Shopping):`"),))
    faults = found.table.faults(f"{own}.table")
    missing = [page for page in found.table.pages if not callable(getattr(found, page, None))]
    if missing:
        remedy = "add a method of that name for each page of the table"
        faults += (Fault(str(own), f"has no method {', '.join(missing)}", remedy),)
    if taken := [page for page in found.table.pages if hasattr(Shopping, page)]:
        remedy = "these are methods of Shopping: call the page otherwise"
        faults += (Fault(f"{own}.table", f"has the page {', '.join(taken)}", remedy),)
    if faults:
        raise OwnJourneyError(faults)
    return found


def _run(own: Own) -> ModuleType:
    # A name of its own: two shops may each have a my_shop.py.
    name = f"loadtests_own_{sha256(own.path.encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, own.path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        what = f"{own.path} fails when it is loaded ({type(error).__name__}: {error})"
        raise OwnJourneyError((Fault(str(own), what, f"try `python {own.path}`"),)) from error
    return module
