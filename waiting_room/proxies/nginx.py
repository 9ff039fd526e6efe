"""
nginx: ``auth_request`` asks, and whoever may not pass is answered by the service itself.

nginx takes 401 and 403 for a no and can hand nothing else on from its question. So a no is asked for again, as a whole
answer, in the dialect that hands on: a redirect, a problem document for a program, or the page itself.
"""

from typing import Final

from waiting_room.proxies.never import astray, spared
from waiting_room.proxies.settings import ProxySettings, fill
from waiting_room.wire import VERDICT_HEADERS


def configuration(settings: ProxySettings) -> str:
    """
    Return a file for ``/etc/nginx/conf.d``, for nginx 1.13 and later with ``auth_request`` (all of Debian's have it).
    """
    protected = "".join(_PROTECTED.replace("@PATH@", path.replace(".", r"\.")) for path in settings.protect)
    sets = "".join(
        f"        auth_request_set {_variable(name)} $upstream_http_{name.lower().replace('-', '_')};\n"
        for name in VERDICT_HEADERS
    )
    told = "".join(f"    proxy_set_header {name} {_variable(name)};\n" for name in VERDICT_HEADERS)
    outage = {"open": _OPEN, "share": _SHARE, "closed": _CLOSED}[settings.on_outage]
    lot = _LOT if settings.on_outage == "share" else ""
    caught = "" if settings.on_outage == "closed" else _CAUGHT
    text = _HEAD + lot + (_NEVER if settings.never else "") + _SERVER + protected + outage + _FOOT
    return fill(
        text,
        settings,
        CAUGHT=caught,
        HANDED_ON=sets,
        TOLD=told,
        UNASKED=_UNASKED if settings.never else "",
        SPARED="".join(f'    "~{address}" 1;\n' for address in spared(settings)),
        ASTRAY=astray(settings),
    )


def _variable(header: str) -> str:
    return "$" + header.lower().replace("-", "_")


_HEAD: Final = """\
# The waiting room "@ROOM@" in front of a shop.
# Put this file into /etc/nginx/conf.d/, correct both addresses and server_name, try it with `nginx -t`, and reload.

upstream waiting_room {
    server @SERVICE@;
    # Without it, each question would open a connection of its own.
    keepalive 64;
}

upstream shop {
    server @SHOP@;
    keepalive 32;
}

# Who may pass after all when the answer is asked for (an outage has just ended) looks again at once.
map $upstream_http_waiting_room_status $waiting_room_again {
    admitted 0;
    bypass 0;
    degraded 0;
    default "";
}

# A page that needs a pass is for its visitor alone: a cache in front of this keeps none of which the shop does not say
# that it may.
map "$waiting_room_guarded:$upstream_http_cache_control" $waiting_room_confined {
    default "";
    "~*^1:.*(private|no-store|public|s-maxage)" "";
    "~^1:" private;
}
"""

_LOT: Final = """
# While the service does not answer: those who bear a pass (it cannot be verified here), and a share of the others, each
# by their address and browser, so that the lot falls the same way each time.
split_clients "$remote_addr$http_user_agent" $waiting_room_lot {
    @SHARE@% 1;
    * 0;
}
map "$waiting_room_lot:$http_cookie" $waiting_room_passes {
    default 0;
    "~^1:" 1;
    "~^0:(.*;)? *wr_pass_@ROOM@=." 1;
}
"""

_NEVER: Final = """
# What passes unasked, such as the calls of payment providers: spelled plainly, and leading nowhere else.
map $request_uri $waiting_room_never {
    default 0;
    "~*@ASTRAY@" 0;
@SPARED@}
"""
_UNASKED: Final = """\
        if ($waiting_room_never) { return 204; }
"""

_SERVER: Final = """
server {
    listen @LISTEN@;
    server_name @HOST@;

    # For every location that sets no header of its own: one that does must repeat these.
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    # What the shop is told of a visitor comes from the service alone: nothing where it was not asked.
@TOLD@
    add_header Cache-Control $waiting_room_confined always;

    location / {
        proxy_pass http://shop;
    }

    # The waiting page and its calls: on the shop's own host, so that both see the same cookies. Never cached, and never
    # asked about, whatever is protected: who waits there has no pass yet.
    location ^~ @PREFIX@/ {
        proxy_pass http://waiting_room;
        proxy_cache off;
    }

    # These are for proxies and gates, not for visitors.
    location ^~ @PREFIX@/authorize/ { return 404; }
    location ^~ @PREFIX@/gate/ { return 404; }

    location = /_waiting_room_check {
        internal;
@UNASKED@        proxy_pass http://waiting_room@PREFIX@/authorize/nginx/@ROOM@;
        # Or one visitor's yes would be another's.
        proxy_cache off;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
        proxy_set_header X-Original-Method $request_method;
        # The visitor's address, and not what they write of it: staff and crawlers are known by it.
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header Connection "";
        # A service that is slow is as bad as none: visitors would wait for it with every page.
        proxy_connect_timeout 300ms;
        proxy_send_timeout 500ms;
        proxy_read_timeout 500ms;
        proxy_next_upstream off;
@CAUGHT@    }
"""

_CAUGHT: Final = """\
        proxy_intercept_errors on;
        error_page 500 502 503 504 = /_waiting_room_outage;
"""

_PROTECTED: Final = """
    # Protected, however it is spelled: nginx has decoded and resolved the path before it looks for a location.
    location ~* ^@PATH@ {
        auth_request /_waiting_room_check;
        # Not by "set": the question goes through the server's part again, and shares its variables.
        auth_request_set $waiting_room_guarded 1;
        # Where you cache all of the shop, and its pages are the same for all who are inside, take this line out.
        proxy_cache off;
@HANDED_ON@        error_page 401 403 = @waiting_room_wait;
        error_page 500 = @waiting_room_away;

        proxy_pass http://shop;
    }
"""

_OPEN: Final = """
    # While the service does not answer, everybody passes.
    location = /_waiting_room_outage {
        internal;
        return 204;
    }
"""

_SHARE: Final = """
    location = /_waiting_room_outage {
        internal;
        if ($waiting_room_passes) { return 204; }
        return 500;
    }
"""

_CLOSED: Final = """
    # While the service does not answer, nobody passes: see @waiting_room_away below.
"""

_FOOT: Final = """
    location @waiting_room_wait {
        rewrite ^ @PREFIX@/authorize/@WAITING@/@ROOM@? break;
        proxy_pass http://waiting_room;
        proxy_cache off;
        proxy_method GET;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Uri $request_uri;
        proxy_set_header X-Forwarded-Method $request_method;
        proxy_set_header Connection "";
        proxy_connect_timeout 300ms;
        proxy_read_timeout 5s;
        add_header Refresh $waiting_room_again;
    }

    location @waiting_room_away {
        default_type "text/html; charset=utf-8";
        add_header Retry-After 5 always;
        add_header Refresh 5 always;
        add_header Cache-Control no-store always;
        return 503 '@AWAY_PAGE@';
    }
}
"""
