"""
What those who mean no good send that no browser sends, over real connections.
"""

from tests.loadtests.engine.generator import look_inside, served
from tests.loadtests.engine.stub import Stub

STRAYED = "1,0,['which-no---allow-host-names']"
"""One error, no request."""


async def test_told_cookies_take_the_place_of_the_browsers_own_lines_end_when_answered_and_nobody_strays() -> None:
    """
    A told cookie is sent alone and forgets nothing; a line is listened to until the server answers or nobody is there;
    and a visit ends where it would go to a host that must not be loaded, be it a buyer's or one who holds connections.
    """
    stub = Stub()
    async with served(stub) as url:
        assert await look_inside("bare_means", url) == ["v1", "[True,True,False]", "None", *2 * [STRAYED]]

    sent = [(told.get("Cookie"), told.get("Waiting-Room-Pass")) for told in stub.headers[1:3]]
    assert sent == [("wr_visitor=v1", None), ("wr_visitor=another", "made-up")]
