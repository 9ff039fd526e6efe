"""
Traefik: ``forwardAuth`` asks, and hands on whatever it is answered.
"""

from typing import Final

from waiting_room.proxies.settings import ProxySettings, fill, only_closed
from waiting_room.wire import VERDICT_HEADERS


def configuration(settings: ProxySettings) -> str:
    """
    Return a dynamic configuration for Traefik 3's file provider; raises `ProxyError` for an outage rule but closed.
    """
    only_closed(settings, "Traefik", "it answers 500 by itself, after up to 30 seconds")
    paths = " || ".join(f"PathRegexp(`(?i)^{path.replace('.', '[.]')}`)" for path in settings.protect)
    names = "".join(f"          - {name}\n" for name in VERDICT_HEADERS)
    return fill(_CONFIGURATION, settings, PATHS=paths, NAMES=names)


_CONFIGURATION: Final = """\
# The waiting room "@ROOM@" in front of a shop.
# Put this file where Traefik's file provider looks (providers.file), and correct both addresses and the host.
# While the service does not answer, nobody passes: Traefik answers 500 by itself, and waits up to 30 seconds for it.
# Keep the service near, with two workers or more.

http:
  routers:
    waiting-room-protected:
      rule: "Host(`@HOST@`) && (@PATHS@)"
      priority: 200
      middlewares:
        - waiting-room
      service: shop
    waiting-room-page:
      rule: "Host(`@HOST@`) && PathPrefix(`@PREFIX@/`)"
      priority: 300
      service: waiting-room
    # These are for proxies and gates, not for visitors.
    waiting-room-private:
      rule: "Host(`@HOST@`) && (PathPrefix(`@PREFIX@/authorize/`) || PathPrefix(`@PREFIX@/gate/`))"
      priority: 400
      service: noop@internal
    shop:
      rule: "Host(`@HOST@`)"
      priority: 100
      service: shop

  middlewares:
    waiting-room:
      forwardAuth:
        address: "http://@SERVICE@@PREFIX@/authorize/@WAITING@/@ROOM@"
        # A visitor's own X-Forwarded headers are not to be believed.
        trustForwardHeader: false
        # What the shop is told of a visitor; these overwrite what the visitor has sent under the same names.
        authResponseHeaders:
@NAMES@
  services:
    shop:
      loadBalancer:
        servers:
          - url: "http://@SHOP@"
    waiting-room:
      loadBalancer:
        servers:
          - url: "http://@SERVICE@"
"""
