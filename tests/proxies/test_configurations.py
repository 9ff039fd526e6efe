"""
The configurations as texts: what each must and must not have, whatever the settings.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.command import run
from waiting_room.core.platforms import GROUPS
from waiting_room.proxies import caddy, envoy, kubernetes, traefik
from waiting_room.proxies.catalogue import PROXIES
from waiting_room.proxies.settings import AWAY_PAGE, QUESTIONS, ProxyError, ProxySettings
from waiting_room.wire import VERDICT_HEADERS

SETTINGS = ProxySettings(
    room="spring-sale",
    service="10.0.0.5:8080",
    shop="10.0.0.9:9000",
    host="shop.example",
    protect=("/checkout", "/wp-json/wc/store/v1/checkout"),
)
GOLDEN = Path(__file__).parent / "golden"
FILES = {
    "traefik": "traefik.yaml",
    "envoy": "envoy.yaml",
    "gateway-api": "gateway-api.yaml",
    "ingress-nginx": "ingress-nginx.yaml",
}


@pytest.mark.parametrize("name", FILES)
def test_configuration_is_the_one_that_was_looked_at(name: str) -> None:
    """A change shows in the diff of the file, where it can be read as a whole."""
    assert PROXIES[name](SETTINGS) == (GOLDEN / FILES[name]).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PROXIES)
def test_nothing_is_left_to_fill_in(name: str) -> None:
    """No name of a setting stands where its value should."""
    assert not re.search(r"@[A-Z_]+@", PROXIES[name](SETTINGS))


@pytest.mark.parametrize("name", PROXIES)
def test_room_is_asked_about_in_the_path(name: str) -> None:
    """Never in a query, which is the visitor's to change."""
    text = PROXIES[name](SETTINGS)

    if name != "haproxy":  # there the script asks
        assert re.search(r"/waiting-room/authorize/[a-z-]+/spring-sale", text)
    assert "?room=" not in text


@pytest.mark.parametrize("name", FILES)
def test_configuration_is_yaml(name: str) -> None:
    """Each document of it."""
    assert all(isinstance(document, dict) for document in yaml.safe_load_all(PROXIES[name](SETTINGS)))


@pytest.mark.parametrize("name", ["nginx", "haproxy", "caddy", "envoy", "traefik", "gateway-api", "ingress-nginx"])
def test_all_that_the_shop_is_told_is_overwritten(name: str) -> None:
    """Each header of ours is named, so that none of a visitor's gets through."""
    text = PROXIES[name](SETTINGS).lower()

    assert [header for header in VERDICT_HEADERS if header.lower() not in text] == []


def loaded(text: str) -> dict[str, Any]:
    """Return a document of YAML."""
    document = yaml.safe_load(text)
    assert isinstance(document, dict)
    return document


def test_traefik_asks_by_the_documented_fields_alone() -> None:
    """Of the middleware's reference; an unknown one would be an error at its start."""
    http = loaded(traefik.configuration(SETTINGS))["http"]
    asks = http["middlewares"]["waiting-room"]["forwardAuth"]

    assert set(asks) <= {
        "address", "trustForwardHeader", "authResponseHeaders", "authResponseHeadersRegex", "authRequestHeaders", "tls",
        "addAuthCookiesToResponse", "forwardBody", "maxBodySize", "headerField", "preserveLocationHeader",
        "preserveRequestMethod",
    }  # fmt: skip
    assert asks["authResponseHeaders"] == list(VERDICT_HEADERS)
    assert asks["trustForwardHeader"] is False
    assert {router["service"] for router in http["routers"].values()} == {*http["services"], "noop@internal"}
    assert set(http["services"]) == {"shop", "waiting-room", "waiting-room-question"}


def test_traefik_routes_what_is_special_first() -> None:
    """Calls of proxies before the page, the page before what is protected, that before the rest."""
    routers = loaded(traefik.configuration(SETTINGS))["http"]["routers"]
    order = sorted(routers, key=lambda name: -routers[name]["priority"])

    assert order[1:] == ["waiting-room-private", "waiting-room-page", "waiting-room-protected", "shop"]
    assert [name for name in routers if "waiting-room" in routers[name].get("middlewares", [])] == [order[3]]


def test_traefik_believes_nothing_that_a_visitor_says() -> None:
    """Wherever the shop is behind; before the service is asked, whose words would go as well."""
    routers = loaded(traefik.configuration(SETTINGS))["http"]["routers"]
    to_shop = [router["middlewares"] for router in routers.values() if router["service"] == "shop"]

    assert [middlewares[0] for middlewares in to_shop] == ["waiting-room-told"] * 2


def test_traefik_asks_by_a_way_that_has_time_outs() -> None:
    """An entry point that visitors do not reach, and the only one of its router."""
    http = loaded(traefik.configuration(SETTINGS))["http"]
    router = http["routers"]["waiting-room-question"]
    transport = http["serversTransports"][http["services"][router["service"]]["loadBalancer"]["serversTransport"]]

    assert router["entryPoints"] == ["waiting-room"]
    assert QUESTIONS in http["middlewares"]["waiting-room"]["forwardAuth"]["address"]
    assert transport["forwardingTimeouts"] == {"dialTimeout": "300ms", "responseHeaderTimeout": "500ms"}


def ext_authz(settings: ProxySettings) -> dict[str, Any]:
    """Return the filter's part of Envoy's configuration."""
    listener = loaded(envoy.configuration(settings))["static_resources"]["listeners"][0]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    told, asks, router = manager["http_filters"]
    names = ("envoy.filters.http.header_mutation", "envoy.filters.http.ext_authz", "envoy.filters.http.router")
    assert (told["name"], asks["name"], router["name"]) == names
    made: dict[str, Any] = asks["typed_config"]
    return made


@pytest.mark.parametrize(("outage", "allow"), [("open", True), ("closed", False)])
def test_envoy_asks_by_the_documented_fields_alone(outage: str, allow: bool) -> None:
    """Of the filter's reference, with the cookie, and by the rule for an outage."""
    asks = ext_authz(replace(SETTINGS, on_outage=outage))
    http = asks["http_service"]

    assert set(asks) <= {"@type", "failure_mode_allow", "status_on_error", "allowed_headers", "http_service"}
    assert set(http) == {"server_uri", "path_prefix", "authorization_response"}
    assert {"exact": "cookie"} in asks["allowed_headers"]["patterns"]
    assert {"exact": "set-cookie"} in http["authorization_response"]["allowed_client_headers"]["patterns"]
    assert asks["failure_mode_allow"] is allow


def test_envoy_asks_about_what_is_protected_alone() -> None:
    """And answers the calls of proxies and gates itself."""
    listener = loaded(envoy.configuration(SETTINGS))["static_resources"]["listeners"][0]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    routes = manager["route_config"]["virtual_hosts"][0]["routes"]
    asked = [route["match"] for route in routes if "typed_per_filter_config" not in route]

    assert asked == [{"safe_regex": {"regex": f"(?i){path}.*"}} for path in SETTINGS.protect]
    assert [route["direct_response"]["status"] for route in routes[:2]] == [404, 404]


def test_route_of_the_gateway_api_asks_with_the_cookie() -> None:
    """Which no implementation sends by itself."""
    rules = loaded(kubernetes.gateway_api(SETTINGS))["spec"]["rules"]
    every = [entry for rule in rules for entry in rule.get("filters", [])]
    filters = [entry["externalAuth"] for entry in every if entry["type"] == "ExternalAuth"]
    removed = [entry["requestHeaderModifier"]["remove"] for entry in every if entry["type"] == "RequestHeaderModifier"]

    assert len(filters) == 1
    assert removed == [list(VERDICT_HEADERS)]
    assert set(filters[0]) == {"protocol", "backendRef", "http"}
    assert "cookie" in filters[0]["http"]["allowedHeaders"]
    assert "set-cookie" in filters[0]["http"]["allowedResponseHeaders"]


def test_ingress_keeps_no_answer() -> None:
    """A kept yes would be another visitor's."""
    first, _ = yaml.safe_load_all(kubernetes.ingress_nginx(SETTINGS))

    assert not [name for name in first["metadata"]["annotations"] if "auth-cache" in name]


@pytest.mark.parametrize("protect", [("/",), ("/checkout",)])
def test_no_path_is_given_to_two_ingresses(protect: tuple[str, ...]) -> None:
    """Kubernetes takes the second for a mistake."""
    made = yaml.safe_load_all(kubernetes.ingress_nginx(replace(SETTINGS, protect=protect)))
    paths = [path["path"] for one in made for rule in one["spec"]["rules"] for path in rule["http"]["paths"]]

    assert sorted(paths) == sorted({"/", "/waiting-room/", *protect})


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("caddy", ["share"]),
        ("envoy", ["share"]),
        ("traefik", ["open", "share"]),
        ("gateway-api", ["open", "share"]),
        ("ingress-nginx", ["open", "share"]),
    ],
)
def test_rule_that_a_proxy_does_not_have_is_refused(name: str, rules: list[str]) -> None:
    """Beforehand, and not found out on the day."""
    for rule in rules:
        with pytest.raises(ProxyError, match="cannot be had"):
            PROXIES[name](replace(SETTINGS, on_outage=rule))


def test_all_faults_are_told_at_once() -> None:
    """What is wrong, where, and what to do."""
    with pytest.raises(ProxyError) as caught:
        ProxySettings(
            room="No Room",
            service="nowhere",
            shop="shop; include /etc/passwd;",
            host="a b",
            listen=0,
            protect=("checkout", "/a b", '/x"y'),
            on_outage="maybe",
            share_percent=100,
        )

    wheres = [fault.where for fault in caught.value.faults]
    assert wheres == [
        "room", "service", "shop", "host", "listen", "protect", "protect", "protect", "on_outage", "share_percent",
    ]  # fmt: skip
    assert all(fault.remedy for fault in caught.value.faults)


def test_something_must_be_protected() -> None:
    """Or the room stands beside the shop."""
    with pytest.raises(ProxyError, match="protect"):
        ProxySettings(room="sale", protect=())


@pytest.mark.parametrize("path", ["/waiting-room", "/waiting-room/", "/Waiting-Room/spring-sale", "/waiting-room/x"])
def test_the_waiting_rooms_own_pages_cannot_be_protected(path: str) -> None:
    """Who waits there has no pass yet, and would be sent there from there."""
    with pytest.raises(ProxyError, match="waiting room's own"):
        replace(SETTINGS, protect=("/checkout", path))


@pytest.mark.parametrize("path", ["/", "/wait", "/waiting-rooms"])
def test_nginx_never_asks_about_the_waiting_page(path: str) -> None:
    """Whatever is protected: its pages come before all that is found by a regular expression."""
    text = PROXIES["nginx"](replace(SETTINGS, protect=(path,)))
    of_the_room = re.findall(r"location (\S+) /waiting-room", text)

    assert f"location ~* ^{path} {{" in text
    assert of_the_room == ["^~"] * 3


def test_page_for_an_outage_bears_no_quotes() -> None:
    """It stands in quotes of three kinds; and a % would be a command to Envoy."""
    assert not set("'\"`$%") & set(AWAY_PAGE)


def test_https_site_of_caddy_gets_its_certificate() -> None:
    """A plain name, and Caddy does the rest."""
    assert "\nshop.example {" in caddy.configuration(replace(SETTINGS, listen=443))


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """A service with one room."""
    file = tmp_path / "waiting-room.toml"
    file.write_text(
        '[server]\nport = 8123\nprefix = "/kolejka"\n[rooms.spring-sale]\ntarget = "https://toys.example/kasa"\n'
        'on_redis_outage = "open"\n',
        encoding="utf-8",
    )
    return file


def test_command_knows_what_the_configuration_says(config_file: Path) -> None:
    """The only room, where the service answers, the shop's name, the prefix and the rule for an outage."""
    text = run("proxy", "caddy", "--config", str(config_file)).out

    assert "uri /kolejka/authorize/forward/spring-sale" in text
    assert "forward_auth 127.0.0.1:8123" in text
    assert "http://toys.example:80 {" in text
    assert "everybody passes" in text


def test_options_come_before_the_configuration(config_file: Path) -> None:
    """Value by value."""
    named = ("--protect", "/koszyk", "--protect", "/kasa", "--on-outage", "closed", "--inline", "--shop", "10.1.1.1:80")
    text = run("proxy", "caddy", "--config", str(config_file), *named).out

    assert "@protected path /koszyk* /kasa*" in text
    assert "forward-inline" in text
    assert "nobody passes" in text
    assert "reverse_proxy 10.1.1.1:80" in text


def test_room_must_be_named_where_there_are_several() -> None:
    """With the exit code of an invalid configuration."""
    done = run("proxy", "nginx")

    assert done.code == 3
    assert "--room" in done.err


@pytest.mark.parametrize("name", ["traefik", "envoy", "gateway-api", "ingress-nginx"])
def test_what_passes_unasked_is_said_where_it_cannot_be(name: str) -> None:
    """And what to do instead."""
    with pytest.raises(ProxyError, match=r"server\.never"):
        PROXIES[name](replace(SETTINGS, never=("@defaults",)))


@pytest.mark.parametrize("pattern", ["POST /hook", "/a b", "/x(y)", "/x'", "@payments:nobody", "/%2f"])
def test_pattern_that_no_proxy_knows_is_refused(pattern: str) -> None:
    """Before it stands in a configuration."""
    with pytest.raises(ProxyError, match="never"):
        replace(SETTINGS, never=(pattern,))


@pytest.mark.parametrize("name", ["nginx", "haproxy", "caddy"])
def test_every_group_fits_into_a_configuration(name: str) -> None:
    """Nginx takes 4,096 letters in a word, and HAProxy 2,048 in a line."""
    text = PROXIES[name](replace(SETTINGS, never=tuple(GROUPS)))

    assert "przelewy24/paymentStatus" in text
    assert name == "caddy" or max(map(len, text.splitlines())) < 2_000
