"""
Kubernetes: a route of the Gateway API with its external authorization, and ingress-nginx for those who still have it.
"""

from typing import Final

from waiting_room.proxies.envoy import ANSWERED_WITH, ASKED_WITH
from waiting_room.proxies.settings import ProxySettings, all_asked, fill, only_closed
from waiting_room.wire import VERDICT_HEADERS


def gateway_api(settings: ProxySettings) -> str:
    """
    Return a route with the ``ExternalAuth`` filter (GEP-1494); raises `ProxyError` for an outage rule but closed.
    """
    all_asked(settings, "The Gateway API")
    only_closed(settings, "The Gateway API", "what becomes of requests then is the implementation's to say")
    matches = "".join(f'        - path: {{ type: PathPrefix, value: "{path}" }}\n' for path in settings.protect)
    return fill(
        _ROUTE,
        settings,
        MATCHES=matches,
        DIALECT="envoy-inline" if settings.inline else "envoy",
        ASKED="".join(f"                - {name}\n" for name in ASKED_WITH),
        FORGED="".join(f"              - {name}\n" for name in VERDICT_HEADERS),
        ANSWERED="".join(f"                - {name.lower()}\n" for name in (*VERDICT_HEADERS, *ANSWERED_WITH)),
    )


def ingress_nginx(settings: ProxySettings) -> str:
    """
    Return two ingresses for ingress-nginx; raises `ProxyError` for an outage rule but closed.
    """
    all_asked(settings, "ingress-nginx")
    only_closed(settings, "ingress-nginx", "it answers 500 by itself")
    paths = "".join(fill(_INGRESS_PATH, settings, PATH=path) for path in settings.protect)
    # Two ingresses must not have the same path of one host.
    rest = "" if "/" in settings.protect else fill(_INGRESS_PATH, settings, PATH="/")
    return fill(_INGRESS, settings, PATHS=paths, REST=rest, NAMES=", ".join(VERDICT_HEADERS))


_ROUTE: Final = """\
# The waiting room "@ROOM@" in front of a shop, for the Gateway API 1.6 and later (ExternalAuth is experimental there).
# Apply it to the shop's namespace, and correct the names of gateway and services.
# What becomes of requests while the service does not answer is the implementation's to say; most then let nobody pass.

apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: shop-waiting-room
spec:
  parentRefs:
    - name: shop-gateway
  hostnames: ["@HOST@"]
  rules:
    # The longest path counts, so that the questions of proxies and gates are answered by nobody.
    - matches:
        - path: { type: PathPrefix, value: "@PREFIX@/authorize" }
        - path: { type: PathPrefix, value: "@PREFIX@/gate" }
      backendRefs: []
    - matches:
        - path: { type: PathPrefix, value: "@PREFIX@" }
      backendRefs:
        - name: waiting-room
          port: @SERVICE_PORT@
    - matches:
@MATCHES@      filters:
        - type: ExternalAuth
          externalAuth:
            protocol: HTTP
            backendRef:
              name: waiting-room
              port: @SERVICE_PORT@
            http:
              path: @PREFIX@/authorize/@DIALECT@/@ROOM@
              # Without the cookie, everybody would be a newcomer.
              allowedHeaders:
@ASKED@              allowedResponseHeaders:
@ANSWERED@      backendRefs:
        - name: shop
          port: @SHOP_PORT@
    - matches:
        - path: { type: PathPrefix, value: "/" }
      # What the shop is told of a visitor comes from the service alone.
      filters:
        - type: RequestHeaderModifier
          requestHeaderModifier:
            remove:
@FORGED@      backendRefs:
        - name: shop
          port: @SHOP_PORT@
"""

_INGRESS: Final = """\
# The waiting room "@ROOM@" in front of a shop, for ingress-nginx, which its makers maintain no longer.
# Apply it to the shop's namespace, and correct the names of the services. Never set auth-cache-key here: one visitor's
# yes would be another's. While the service does not answer, nobody passes: ingress-nginx answers 500 by itself.

apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop-protected
  annotations:
    nginx.ingress.kubernetes.io/auth-url: "http://waiting-room.default.svc.cluster.local:@SERVICE_PORT@@PREFIX@/authorize/nginx/@ROOM@"
    nginx.ingress.kubernetes.io/auth-method: "GET"
    nginx.ingress.kubernetes.io/auth-signin: "https://@HOST@@PREFIX@/@ROOM@"
    nginx.ingress.kubernetes.io/auth-signin-redirect-param: "target"
    nginx.ingress.kubernetes.io/auth-response-headers: "@NAMES@"
spec:
  ingressClassName: nginx
  rules:
    - host: @HOST@
      http:
        paths:
@PATHS@---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
spec:
  ingressClassName: nginx
  rules:
    - host: @HOST@
      http:
        paths:
          - path: @PREFIX@/
            pathType: Prefix
            backend: { service: { name: waiting-room, port: { number: @SERVICE_PORT@ } } }
@REST@"""

_INGRESS_PATH: Final = """\
          - path: @PATH@
            pathType: Prefix
            backend: { service: { name: shop, port: { number: @SHOP_PORT@ } } }
"""
