"""
The proxies that a configuration can be written for, by the names of the command line.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from waiting_room.proxies import caddy, envoy, haproxy, kubernetes, nginx, traefik
from waiting_room.proxies.settings import ProxySettings

Writer = Callable[[ProxySettings], str]

PROXIES: Final[Mapping[str, Writer]] = MappingProxyType({
    "nginx": nginx.configuration,
    "haproxy": haproxy.configuration,
    "haproxy-script": haproxy.script,
    "caddy": caddy.configuration,
    "traefik": traefik.configuration,
    "envoy": envoy.configuration,
    "gateway-api": kubernetes.gateway_api,
    "ingress-nginx": kubernetes.ingress_nginx,
})  # fmt: skip
