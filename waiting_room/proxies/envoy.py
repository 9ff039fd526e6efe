"""
Envoy: ``ext_authz`` asks over HTTP, and hands on whatever it is answered.
"""

from typing import Final

from waiting_room.errors import Fault
from waiting_room.proxies.settings import ProxyError, ProxySettings, all_asked, fill
from waiting_room.wire import VERDICT_HEADERS

ASKED_WITH: Final = (
    "cookie",
    "accept",
    "accept-language",
    "referer",
    "sec-fetch-mode",
    "sec-purpose",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-requested-with",
    "waiting-room-pass",
    "waiting-room-stage",
    "waiting-room-ticket",
    "waiting-room-visitor",
)
"""What the question must bear beside what Envoy sends by itself; without the cookie, everybody would be a newcomer."""
ANSWERED_WITH: Final = (
    "cache-control",
    "content-language",
    "content-type",
    "location",
    "refresh",
    "retry-after",
    "set-cookie",
)


def configuration(settings: ProxySettings) -> str:
    """
    Return a static configuration for Envoy 1.30 and later; raises `ProxyError` for a share, which Envoy cannot draw.
    """
    all_asked(settings, "Envoy")
    if settings.on_outage == "share":
        what = "'share' cannot be had: Envoy passes all or none when a question fails"
        raise ProxyError((Fault("on_outage", what, "use open or closed; nginx and HAProxy can let a share in"),))
    protected = "".join(_PROTECTED.replace("@PATH@", path.replace(".", "[.]")) for path in settings.protect)
    return fill(
        _CONFIGURATION,
        settings,
        PROTECTED=protected,
        TYPES="type.googleapis.com/envoy.extensions.filters",
        DIALECT="envoy-inline" if settings.inline else "envoy",
        ALLOW="true" if settings.on_outage == "open" else "false",
        ASKED="".join(f"                          - exact: {name}\n" for name in ASKED_WITH),
        ANSWERED="".join(f"                            - exact: {name}\n" for name in ANSWERED_WITH),
        FORGED="".join(f"                          - remove: {name.lower()}\n" for name in VERDICT_HEADERS),
    )


_CONFIGURATION: Final = """\
# The waiting room "@ROOM@" in front of a shop, for Envoy.
# Merge the listener's filter, the routes and the two clusters into your own, and correct the addresses.

static_resources:
  listeners:
    - name: shop
      address:
        socket_address: { address: 0.0.0.0, port_value: @LISTEN@ }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": @TYPES@.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: shop
                # What a visitor says of proxies in front is not to be believed; where there are some, say how many
                # (xff_num_trusted_hops).
                use_remote_address: true
                common_http_protocol_options: { headers_with_underscores_action: DROP_HEADER }
                # A path that is spelled in another way is read as the shop reads it.
                normalize_path: true
                merge_slashes: true
                path_with_escaped_slashes_action: UNESCAPE_AND_REDIRECT
                # What Envoy says by itself while nobody passes.
                local_reply_config:
                  mappers:
                    - filter:
                        and_filter:
                          filters:
                            - response_flag_filter: { flags: [UAEX] }
                            - status_code_filter:
                                comparison:
                                  op: EQ
                                  value: { default_value: 503, runtime_key: waiting_room.away }
                      headers_to_add:
                        - header: { key: Retry-After, value: "5" }
                        - header: { key: Refresh, value: "5" }
                        - header: { key: Cache-Control, value: no-store }
                      body_format_override:
                        text_format_source: { inline_string: "@AWAY_PAGE@" }
                        content_type: text/html; charset=utf-8
                http_filters:
                  # What the shop is told of a visitor comes from the service alone.
                  - name: envoy.filters.http.header_mutation
                    typed_config:
                      "@type": @TYPES@.http.header_mutation.v3.HeaderMutation
                      mutations:
                        request_mutations:
@FORGED@                  - name: envoy.filters.http.ext_authz
                    typed_config:
                      "@type": @TYPES@.http.ext_authz.v3.ExtAuthz
                      # What becomes of requests while the service does not answer: true lets all pass, false none.
                      failure_mode_allow: @ALLOW@
                      status_on_error: { code: ServiceUnavailable }
                      allowed_headers:
                        patterns:
@ASKED@                      http_service:
                        server_uri:
                          uri: http://@SERVICE@
                          cluster: waiting_room
                          timeout: 0.5s
                        path_prefix: @PREFIX@/authorize/@DIALECT@/@ROOM@
                        authorization_response:
                          allowed_upstream_headers:
                            patterns:
                              - prefix: waiting-room-
                          allowed_client_headers:
                            patterns:
                            - prefix: waiting-room-
@ANSWERED@                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": @TYPES@.http.router.v3.Router
                route_config:
                  name: shop
                  virtual_hosts:
                    - name: shop
                      domains: ["*"]
                      routes:
                        # These are for proxies and gates, not for visitors.
                        - match: { prefix: "@PREFIX@/authorize/" }
                          direct_response: { status: 404 }
                          typed_per_filter_config: &not_asked
                            envoy.filters.http.ext_authz:
                              "@type": @TYPES@.http.ext_authz.v3.ExtAuthzPerRoute
                              disabled: true
                        - match: { prefix: "@PREFIX@/gate/" }
                          direct_response: { status: 404 }
                          typed_per_filter_config: *not_asked
                        - match: { prefix: "@PREFIX@/" }
                          route: { cluster: waiting_room }
                          typed_per_filter_config: *not_asked
@PROTECTED@                        - match: { prefix: "/" }
                          route: { cluster: shop }
                          typed_per_filter_config: *not_asked
  clusters:
    - name: shop
      type: STRICT_DNS
      connect_timeout: 1s
      load_assignment:
        cluster_name: shop
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { socket_address: { address: @SHOP_HOST@, port_value: @SHOP_PORT@ } } }
    - name: waiting_room
      type: STRICT_DNS
      connect_timeout: 0.3s
      load_assignment:
        cluster_name: waiting_room
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { socket_address: { address: @SERVICE_HOST@, port_value: @SERVICE_PORT@ } } }
"""

_PROTECTED: Final = """\
                        - match: { safe_regex: { regex: "(?i)@PATH@.*" } }
                          route: { cluster: shop }
"""
