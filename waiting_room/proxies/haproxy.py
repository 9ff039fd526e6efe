"""
HAProxy: a small script asks, and whoever may not pass is sent to the service, which answers for itself.
"""

from typing import Final

from waiting_room.proxies.never import astray, spared
from waiting_room.proxies.settings import ProxySettings, fill
from waiting_room.wire import VERDICT_HEADERS


def configuration(settings: ProxySettings) -> str:
    """
    Return ``haproxy.cfg``, for HAProxy 2.6 and later with Lua (all of Debian's have it).
    """
    protected = " ".join(settings.protect)
    forged = "".join(f"    http-request del-header {name}\n" for name in VERDICT_HEADERS)
    told = "".join(
        f"    http-request set-header {name} %[var({variable})] if {{ var({variable}) -m found }}\n"
        for name, variable in ((name, f"txn.{_variable(name)}") for name in VERDICT_HEADERS)
    )
    outage = {"open": _OPEN, "share": _SHARE, "closed": _CLOSED}[settings.on_outage]
    return fill(
        _CONFIGURATION,
        settings,
        PROTECTED=protected,
        FORGED=forged,
        TOLD=told,
        OUTAGE=outage,
        AWAY=_AWAY,
        NEVER=_NEVER if settings.never else "",
        UNLESS=" !waiting_room_unasked" if settings.never else "",
        SPARED="".join(f"    acl waiting_room_never pathq -m reg {address}\n" for address in spared(settings)),
        ASTRAY=astray(settings),
    )


def script(settings: ProxySettings) -> str:
    """
    Return the script that asks; the configuration loads it.
    """
    names = "\n".join(f'    ["{name.lower()}"] = "txn.{_variable(name)}",' for name in VERDICT_HEADERS)
    return fill(_SCRIPT, settings, NAMES=names)


def _variable(header: str) -> str:
    return header.lower().replace("-", "_")


_CONFIGURATION: Final = """\
# The waiting room "@ROOM@" in front of a shop.
# Save the script beside it as /etc/haproxy/waiting-room.lua (waiting-room proxy haproxy-script), correct both
# addresses, try it with `haproxy -c -f haproxy.cfg`, and reload.

global
    lua-load /etc/haproxy/waiting-room.lua

defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    timeout http-keep-alive 30s

frontend shop
    bind :@LISTEN@

    # Protected, however it is spelled; a path that the shop may read as another one (with dots to resolve, double
    # slashes, parameters, or coded twice) is protected as well.
    http-request set-var(txn.waiting_room_path) path,url_dec,lower
    acl waiting_room_page path_beg @PREFIX@/
    acl waiting_room_private path_beg @PREFIX@/authorize/ @PREFIX@/gate/
    acl waiting_room_protected var(txn.waiting_room_path) -m beg @PROTECTED@
    acl waiting_room_protected var(txn.waiting_room_path) -m sub // /./ /../ ; % \\
    acl waiting_room_passes var(txn.waiting_room_code) -m int 200
    acl waiting_room_answers var(txn.waiting_room_code) -m int 401 403
    acl waiting_room_asked var(txn.waiting_room_uri) -m found

    # What the shop is told of a visitor comes from the service alone.
@FORGED@    http-request del-header X-Forwarded-For
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto https if { ssl_fc }
    http-request set-header X-Forwarded-Proto http if !{ ssl_fc }

    # These are for proxies and gates, not for visitors.
    http-request return status 404 if waiting_room_private

@NEVER@    http-request lua.waiting_room_check if waiting_room_protected !waiting_room_page@UNLESS@
@TOLD@
@OUTAGE@
    # A page that needs a pass is for its visitor alone: a cache in front of this keeps none of which the shop does not
    # say that it may.
    acl waiting_room_shared res.hdr(Cache-Control) -m sub -i private no-store public s-maxage
    http-response add-header Cache-Control private if waiting_room_protected !waiting_room_shared

    use_backend waiting_room if waiting_room_page
    use_backend waiting_room_wait if waiting_room_protected waiting_room_answers
    default_backend shop

backend shop
    server shop @SHOP@

backend waiting_room
    server waiting_room @SERVICE@

# The script asks by way of this: by itself it would try four times, and keep visitors waiting for up to three seconds.
# A service that is slow is as bad as none.
listen waiting_room_question
    bind @QUESTIONS@
    retries 0
    timeout connect 300ms
    timeout server 500ms
    server waiting_room @SERVICE@

# Who may not pass is answered by the service: a redirect, a problem document for a program, or the page itself.
backend waiting_room_wait
    http-request set-header X-Forwarded-Host %[req.hdr(Host)]
    http-request set-header X-Forwarded-Uri %[var(txn.waiting_room_uri)]
    http-request set-header X-Forwarded-Method %[method]
    http-request set-uri @PREFIX@/authorize/@WAITING@/@ROOM@
    server waiting_room @SERVICE@
"""

_NEVER: Final = """\
    # What passes unasked, such as the calls of payment providers: spelled plainly, and leading nowhere else.
@SPARED@    acl waiting_room_astray pathq -m reg -i @ASTRAY@
    http-request set-var(txn.waiting_room_never) int(1) if waiting_room_never !waiting_room_astray
    acl waiting_room_unasked var(txn.waiting_room_never) -m int 1

"""
_AWAY: Final = """\
status 503 hdr Retry-After 5 hdr Refresh 5 hdr Cache-Control no-store \
content-type "text/html; charset=utf-8" string "@AWAY_PAGE@"\
"""
_OPEN: Final = """\
    # While the service does not answer, everybody passes.
"""

_SHARE: Final = """\
    # While the service does not answer: those who bear a pass (it cannot be verified here), and a share of the others,
    # each by their address, so that the lot falls the same way each time.
    acl waiting_room_bears req.cook(wr_pass_@ROOM@) -m found
    acl waiting_room_lot src,crc32(1),mod(100) lt @SHARE@
    acl waiting_room_share var(txn.waiting_room_share) -m int 1
    http-request set-var(txn.waiting_room_share) int(1) if waiting_room_bears or waiting_room_lot
    http-request return @AWAY@ if waiting_room_asked !waiting_room_passes !waiting_room_answers !waiting_room_share
"""

_CLOSED: Final = """\
    # While the service does not answer, nobody passes.
    http-request return @AWAY@ if waiting_room_asked !waiting_room_passes !waiting_room_answers
"""

_SCRIPT: Final = """\
-- Asks the waiting room whether a request may pass; what it answers goes into variables, nothing where it does not.
-- A question that gets no answer in half a second counts as none; HAProxy itself tries a connection three times more.

local HANDED_ON = {
@NAMES@
}

core.register_action("waiting_room_check", { "http-req" }, function(txn)
    local headers = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        local kept = {}
        for _, value in pairs(values) do
            table.insert(kept, value)
        end
        headers[name] = kept
    end
    for _, name in ipairs({ "content-length", "transfer-encoding", "connection", "expect" }) do
        headers[name] = nil
    end
    local host = txn.sf:req_hdr("host")
    local proto = txn.sf:req_hdr("x-forwarded-proto")
    local uri = txn.sf:pathq()
    txn:set_var("txn.waiting_room_uri", uri)
    headers["x-original-url"] = { proto .. "://" .. host .. uri }
    headers["x-original-method"] = { txn.sf:method() }

    local answer = core.httpclient():get({
        url = "http://@QUESTIONS@@PREFIX@/authorize/nginx/@ROOM@",
        headers = headers,
        timeout = 1000,
    })
    if answer == nil or answer.status == nil then
        return
    end
    txn:set_var("txn.waiting_room_code", answer.status)
    for name, variable in pairs(HANDED_ON) do
        local values = answer.headers[name]
        if values ~= nil and values[0] ~= nil and values[0] ~= "" then
            txn:set_var(variable, values[0])
        end
    end
end, 0)
"""
