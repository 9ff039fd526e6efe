"""
Traefik: ``forwardAuth`` asks, and hands on whatever it is answered.
"""

from typing import Final

from waiting_room.proxies.settings import ProxySettings, all_asked, fill, only_closed
from waiting_room.wire import VERDICT_HEADERS


def configuration(settings: ProxySettings) -> str:
    """
    Return a dynamic configuration for Traefik 3's file provider; raises `ProxyError` for an outage rule but closed.
    """
    all_asked(settings, "Traefik")
    only_closed(settings, "Traefik", "it answers 502 or 504 by itself")
    paths = " || ".join(f"PathRegexp(`(?i)^{path.replace('.', '[.]')}`)" for path in settings.protect)
    names = "".join(f"          - {name}\n" for name in VERDICT_HEADERS)
    forged = "".join(f'          {name}: ""\n' for name in VERDICT_HEADERS)
    return fill(_CONFIGURATION, settings, PATHS=paths, NAMES=names, FORGED=forged)


_CONFIGURATION: Final = """\
# The waiting room "@ROOM@" in front of a shop.
# Put this file where Traefik's file provider looks (providers.file), and correct both addresses and the host.
# Traefik waits 30 seconds for a question whatever it is told. So it asks by way of itself, where time-outs hold.
# Add the entry point for that to its own configuration; only Traefik must reach it:
#
#   entryPoints:
#     waiting-room:
#       address: "@QUESTIONS@"
#       forwardedHeaders:
#         insecure: true
#
# While the service does not answer, nobody passes: Traefik answers 502 or, where it is slow, 504 after half a second.

http:
  routers:
    waiting-room-protected:
      rule: "Host(`@HOST@`) && (@PATHS@)"
      priority: 200
      middlewares:
        - waiting-room-told
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
    waiting-room-question:
      entryPoints:
        - waiting-room
      rule: "PathPrefix(`@PREFIX@/authorize/`)"
      priority: 500
      service: waiting-room-question
    shop:
      rule: "Host(`@HOST@`)"
      priority: 100
      middlewares:
        - waiting-room-told
      service: shop

  middlewares:
    # What the shop is told of a visitor comes from the service alone.
    waiting-room-told:
      headers:
        customRequestHeaders:
@FORGED@    waiting-room:
      forwardAuth:
        address: "http://@QUESTIONS@@PREFIX@/authorize/@WAITING@/@ROOM@"
        # A visitor's own X-Forwarded headers are not to be believed.
        trustForwardHeader: false
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
    waiting-room-question:
      loadBalancer:
        serversTransport: waiting-room-question
        servers:
          - url: "http://@SERVICE@"

  # A service that is slow is as bad as none: visitors would wait for it with every page.
  serversTransports:
    waiting-room-question:
      forwardingTimeouts:
        dialTimeout: 300ms
        responseHeaderTimeout: 500ms
"""
