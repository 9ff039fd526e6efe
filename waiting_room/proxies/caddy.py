"""
Caddy: ``forward_auth`` asks, and hands on whatever it is answered.
"""

from typing import Final

from waiting_room.errors import Fault
from waiting_room.proxies.never import astray, spared
from waiting_room.proxies.settings import ProxyError, ProxySettings, fill
from waiting_room.wire import VERDICT_HEADERS


def configuration(settings: ProxySettings) -> str:
    """
    Return a ``Caddyfile``, for Caddy 2.6 and later; raises `ProxyError` for a share, which Caddy cannot draw.
    """
    if settings.on_outage == "share":
        what, remedy = "Caddy draws no lots", "use open or closed; nginx and HAProxy can let a share in"
        raise ProxyError((Fault("on_outage", f"'share' cannot be had: {what}", remedy),))
    paths = " ".join(f"{path}*" for path in settings.protect)
    forged = "".join(f"    request_header -{name}\n" for name in VERDICT_HEADERS)
    return fill(
        _CONFIGURATION,
        settings,
        PATHS=paths,
        FORGED=forged,
        SITE=settings.host if settings.listen == _HTTPS else f"http://{settings.host}:{settings.listen}",
        NAMES=" ".join(VERDICT_HEADERS),
        FAILED=_FAILED_OPEN if settings.on_outage == "open" else _FAILED_CLOSED,
        AWAY=_AWAY_OPEN if settings.on_outage == "open" else _AWAY_CLOSED,
        PROTECTED=_PROTECTED_BUT if settings.never else _PROTECTED,
        SPARED="|".join(spared(settings)),
        ASTRAY=astray(settings),
    )


_HTTPS: Final = 443
_CONFIGURATION: Final = """\
# The waiting room "@ROOM@" in front of a shop.
# Merge this into your Caddyfile, correct both addresses and the site's, try it with `caddy validate`, and reload.

@SITE@ {
    # What the shop is told of a visitor comes from the service alone.
@FORGED@
    # The waiting page and its calls: on the shop's own host, so that both see the same cookies.
    # The first two are for proxies and gates, not for visitors.
    handle @PREFIX@/authorize/* {
        respond 404
    }
    handle @PREFIX@/gate/* {
        respond 404
    }
    handle @PREFIX@/* {
        reverse_proxy @SERVICE@
    }

    # Protected, however it is spelled: Caddy has decoded the path, and does not mind its case.
@PROTECTED@    handle @protected {
        # For its visitor alone: a cache in front of this keeps none of which the shop itself does not say that it may.
        header ?Cache-Control private
        forward_auth @SERVICE@ {
            uri @PREFIX@/authorize/@WAITING@/@ROOM@
            copy_headers @NAMES@
            # A service that is slow is as bad as none: visitors would wait for it with every page.
            transport http {
                dial_timeout 300ms
                response_header_timeout 500ms
            }
@FAILED@        }
        reverse_proxy @SHOP@
    }

    handle {
        reverse_proxy @SHOP@
    }

    handle_errors {
@AWAY@    }
}
"""

_PROTECTED: Final = """\
    @protected path @PATHS@
"""
_PROTECTED_BUT: Final = """\
    # What passes unasked, such as the calls of payment providers: spelled plainly, and leading nowhere else.
    @protected {
        path @PATHS@
        expression `!{http.request.uri}.matches('@SPARED@') || {http.request.uri}.matches('(?i)@ASTRAY@')`
    }
"""
_FAILED_OPEN: Final = """\

            # While the service is ill, everybody passes.
            @failed status 5xx
            handle_response @failed {
                reverse_proxy @SHOP@
            }
"""
_FAILED_CLOSED: Final = """\

            # While the service is ill, nobody passes: see below.
            @failed status 5xx
            handle_response @failed {
                error 503
            }
"""
_AWAY_OPEN: Final = """\
        # While the service does not answer, everybody passes.
        @away path @PATHS@
        reverse_proxy @away @SHOP@
"""
_AWAY_CLOSED: Final = """\
        # While the service does not answer, nobody passes.
        @away path @PATHS@
        header @away Retry-After 5
        header @away Refresh 5
        header @away Cache-Control no-store
        header @away Content-Type "text/html; charset=utf-8"
        respond @away `@AWAY_PAGE@` 503
"""
