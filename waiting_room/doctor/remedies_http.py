"""
Kinds of findings on a shop as it is seen from outside. Data.
"""

from typing import Final

from waiting_room.doctor.findings import Kind, Severity

PROBLEM, WARNING, NOTE = Severity

KINDS: Final = (
    Kind(
        "shop-failing",
        "gate",
        PROBLEM,
        "the shop itself fails",
        "What comes back says nothing of the gate.",
        "See to the shop first, then run the doctor again.",
    ),
    Kind(
        "gate-unseen",
        "gate",
        PROBLEM,
        "it could not be seen whether the checkout is gated",
        "An examination that saw nothing is no reason to be calm.",
        "Name the shop's own paths with `--entrance /PATH`, and its platform with `--platform`; let the firewall "
        "pass the "
        "doctor's User-Agent, or run it from a network that is let through.",
    ),
    Kind(
        "gate-missing",
        "gate",
        PROBLEM,
        "no entrance is gated",
        "Everybody walks in past the room. (Gates of ours send these probes to wait even while a room lets everybody "
        "straight through, so an idle room is no reason; another's gate may have to be asked while people wait.)",
        "Put in a gate (docs/gates.md) or a proxy's configuration (docs/proxies.md), and protect the checkout; if "
        "there is "
        "one, see that this address leads through it. From a network "
        "of the gate's `staff_networks` nothing is gated: ask from elsewhere.",
    ),
    Kind(
        "entrance-open",
        "gate",
        PROBLEM,
        "a way to the checkout is not gated",
        "Apps, scripts and whoever finds the address buy past the queue, and nothing bounds how many.",
        "Add the path to `protect` of the gate, or `--protect` of `waiting-room proxy`; `waiting-room gate explain "
        "URL` tells "
        "what a gate does with it. For `/?rest_route=` let the proxy refuse that parameter: no path rule sees it.",
    ),
    Kind(
        "entrance-cached",
        "gate",
        PROBLEM,
        "a cache answers for the checkout",
        "The cache in front does not ask the gate: whoever it knows the page for walks in, and may see another's page.",
        "Let nothing be cached below the protected paths, and purge what is stored.",
    ),
    Kind(
        "entrance-shared",
        "gate",
        WARNING,
        "one address serves browsing and buying, and is not gated",
        "Its path does not tell a look from an order (`?wc-ajax=checkout` is the shop's first page, GraphQL takes "
        "all by one "
        "path), so a path rule for the checkout does not cover it.",
        "Put the gate into the shop, or let the proxy ask for orders too: in nginx by `$args`, for GraphQL "
        "by an "
        "address of its own for the checkout. Otherwise protect it as a whole.",
    ),
    Kind(
        "cart-open",
        "gate",
        NOTE,
        "the cart is not gated",
        "Right where only the checkout is dear; if carts reserve stock or are slow, they need the gate too.",
        "Add it to `protect` if it shall be behind the room.",
    ),
    Kind(
        "free-gated",
        "gate",
        WARNING,
        "something is gated that must not be",
        "Crawlers, certificate authorities and payment providers carry no pass: pages drop out of search, "
        "certificates are "
        "not renewed, paid orders are not confirmed.",
        "Add it to `never` of the gate (`@defaults` is what machines ask for), or protect less in the proxy.",
    ),
    Kind(
        "payments-gated",
        "gate",
        WARNING,
        "payment providers would be sent to wait",
        "A provider bears no pass and follows no redirect: an order that is paid stays unpaid. Which of these it "
        "calls, the "
        "plugin's settings show; those of plugins that you do not have are of no account.",
        "Add `@payments:PLATFORM` to `never` of the gate, and try with the provider's test call.",
    ),
    Kind(
        "gate-without-room",
        "gate",
        PROBLEM,
        "a gate cannot reach the room",
        "Newcomers get an error page instead of a place.",
        "Is the service up, and does the gate have the right address, room and keys? Look into its log.",
    ),
    Kind(
        "room-shadow",
        "gate",
        WARNING,
        "the room is in shadow",
        "It keeps nobody out, and only measures what a queue would have done.",
        "`waiting-room room set NAME --mode queue` before the promotion, then run the doctor again.",
    ),
    Kind(
        "spelling-open",
        "gate",
        PROBLEM,
        "another spelling of a gated path is not gated",
        "Whoever writes the address so walks in; such addresses are passed on.",
        "Match as the configurations of `waiting-room proxy` do: on the decoded and resolved path, whatever the case. "
        "Or let the proxy answer odd spellings with 404.",
    ),
    Kind(
        "forged-header",
        "gate",
        PROBLEM,
        "a header that anybody can send opens the gate",
        "The gate believes the visitor what was asked for.",
        "Let the outermost proxy set or remove this header on every request; name only your own networks in "
        "trusted_proxies.",
    ),
    Kind(
        "forged-host",
        "gate",
        PROBLEM,
        "a header decides where those who wait are led",
        "A link can be made that leads shoppers to somebody else's page, and a cache may hand it to all.",
        "Let the proxy set X-Forwarded-Host itself, and set `shop_url` of the gate, or `public_url` and `target`.",
    ),
    Kind(
        "head-open",
        "gate",
        WARNING,
        "HEAD is not gated",
        "The shop works for requests that nobody let in, and caches may be filled with the answers.",
        "Protect the path for every method.",
    ),
    Kind(
        "program-redirected",
        "gate",
        WARNING,
        "scripts are redirected to the waiting page",
        "A front end that expects JSON gets a page, and shows an error or an empty basket instead of the way to the "
        "queue.",
        "Hand on what the service says to programs (429 with a problem document): `waiting-room proxy` prints how.",
    ),
    Kind(
        "refusal-storable",
        "gate",
        WARNING,
        "the way to the waiting page may be stored",
        "A browser or cache that keeps it sends people to wait who have a pass by then.",
        "Hand `Cache-Control: no-store` on as the gate sends it.",
    ),
    Kind(
        "refusal-cached",
        "gate",
        PROBLEM,
        "a cache answers in place of the gate",
        "One visitor's no becomes everybody's, holders of a pass included, and a yes would too.",
        "Keep the protected paths out of every cache (`proxy_no_cache`, `proxy_cache_bypass`, a rule at the content "
        "network), respect Cache-Control, and purge.",
    ),
    Kind(
        "other-room",
        "gate",
        NOTE,
        "the gate leads to another room",
        "Settings and figures of the room that you look at say nothing of this shop.",
        "Correct `room` of the gate, or --room here.",
    ),
    Kind(
        "page-elsewhere",
        "page",
        PROBLEM,
        "the waiting page is on another host",
        "Cookies are not shared over two hosts: who waited comes back without a pass and waits again.",
        "Let the shop's proxy hand /waiting-room/ on to the service, and set page_url to that path (public_url for "
        "proxies).",
    ),
    Kind(
        "page-missing",
        "page",
        PROBLEM,
        "the waiting page cannot be reached under the shop's host",
        "Whoever is sent to wait sees an error.",
        "Hand /waiting-room/ on to the service, without another gate, a cache or a login in front; `waiting-room "
        "proxy` prints how.",
    ),
    Kind(
        "room-unknown",
        "page",
        PROBLEM,
        "the service knows no such room",
        "Whoever is sent to wait sees an error, and gates fall back to their rule for an outage.",
        "Create the room, correct its name in the gate, or --room here.",
    ),
    Kind(
        "room-closed",
        "page",
        NOTE,
        "the room takes nobody",
        "Nobody can join it now; that may be meant so until the promotion begins.",
        "`waiting-room room open NAME`, or a schedule (`waiting-room room schedule NAME`).",
    ),
    Kind(
        "page-cached",
        "page",
        PROBLEM,
        "a cache hands out the waiting page",
        "Its cookies are in it: two people become one visitor, share one place and one seat, or see each other's.",
        "Keep /waiting-room/ out of every cache, respect Cache-Control and Set-Cookie, and purge.",
    ),
    Kind(
        "page-storable",
        "page",
        WARNING,
        "the waiting page has lost its Cache-Control",
        "A cache on the way may store it with its cookies.",
        "Hand on what the service sends; no `expires`, `add_header Cache-Control` or page rule below /waiting-room/.",
    ),
    Kind(
        "page-unpacked",
        "page",
        NOTE,
        "the waiting page comes uncompressed",
        "It is three times as long, when the line is busiest.",
        "Hand Accept-Encoding on to the service, or compress at the proxy.",
    ),
    Kind(
        "state-stale",
        "page",
        NOTE,
        "the public state is kept for too long",
        "Countdowns and boards that read it are late.",
        "Respect `max-age=1`, or do not store below /waiting-room/.",
    ),
    Kind(
        "connection-closed",
        "page",
        NOTE,
        "connections are closed after each answer",
        "Each poll of each visitor costs a new connection and a new handshake at the proxy.",
        "Let the proxy keep connections to browsers open (HTTP/1.1 or later, `keepalive_timeout`).",
    ),
    Kind(
        "cookie-dropped",
        "page",
        PROBLEM,
        "the waiting page's cookie does not come through",
        "Nobody can be told from anybody: every visitor is asked to allow cookies, and no one gets a place.",
        "Hand Set-Cookie on below /waiting-room/: no `proxy_hide_header Set-Cookie`, no cache rule that strips "
        "cookies.",
    ),
    Kind(
        "cookie-not-forwarded",
        "page",
        PROBLEM,
        "the visitor's cookie does not reach the service",
        "Every request is a new visitor: no one gets a place.",
        'Hand the Cookie header on below /waiting-room/: no `proxy_set_header Cookie ""`, no list of allowed '
        "cookies without wr_*.",
    ),
    Kind(
        "cookie-path",
        "page",
        PROBLEM,
        "the cookies hold for another path",
        "The gate does not get them: who has waited is sent to wait again.",
        "Leave the path alone: no `proxy_cookie_path` below /waiting-room/.",
    ),
    Kind(
        "cookie-domain",
        "page",
        WARNING,
        "the cookies are sent to other hosts too",
        "Every subdomain gets the passes, and two shops share one visitor.",
        "Leave the domain alone: no `proxy_cookie_domain` below /waiting-room/.",
    ),
    Kind(
        "cookie-insecure",
        "page",
        WARNING,
        "the cookies may go out unencrypted",
        "Over a plain connection a pass can be read and used by somebody else.",
        "Set public_url of the service to https://…, and let the proxy send X-Forwarded-Proto.",
    ),
    Kind(
        "cookie-secure-by-http",
        "page",
        PROBLEM,
        "browsers drop the cookies",
        "They are for https alone, and this page came by http: no one gets a place.",
        "Redirect http to https, or ask the doctor for the https address.",
    ),
    Kind(
        "cookie-changed",
        "page",
        WARNING,
        "something rewrites the cookies",
        "Without HttpOnly scripts can read passes; with SameSite=Strict who comes by a link has none, with None "
        "other sites send them.",
        "Leave Set-Cookie alone below /waiting-room/ (`proxy_cookie_flags`, header rewrites, firewalls).",
    ),
    Kind(
        "headers-limited",
        "page",
        WARNING,
        "many cookies are too many",
        "Old customers carry kilobytes of the shop's cookies; with ours on top they see an error instead of the page.",
        "Raise the limit (`large_client_header_buffers 4 16k` in nginx), and have the shop set fewer cookies.",
    ),
    Kind(
        "service-unreachable",
        "page",
        PROBLEM,
        "the service does not answer",
        "A proxy that asks it falls back to its rule for an outage.",
        "Start it, or correct --service-url.",
    ),
    Kind(
        "question-slow",
        "page",
        WARNING,
        "the proxy's question takes long",
        "Each protected request waits for it, and a proxy gives up after half a second and counts it as an outage.",
        "Put the service next to the proxy, keep connections open (`keepalive`), and give it as many workers as cores.",
    ),
    Kind(
        "no-https",
        "site",
        WARNING,
        "the shop is asked without encryption",
        "Passes and passwords can be read on the way.",
        "Serve it by https, and run the doctor with that address.",
    ),
    Kind(
        "http-served",
        "site",
        WARNING,
        "plain http is not redirected",
        "Who comes by an old link gets cookies that are not Secure, or none, and waits twice.",
        "Redirect every path from http to https with 301 or 308.",
    ),
    Kind(
        "no-hsts",
        "site",
        NOTE,
        "browsers are not told to stay with https",
        "The first request of a returning visitor may go out in the clear.",
        "Send `Strict-Transport-Security: max-age=31536000`, once all of the host works by https.",
    ),
    Kind(
        "private-reachable",
        "site",
        WARNING,
        "what is not for visitors is reachable",
        "The proxies' question tells without a limit whether a pass is good, and figures are everybody's to read; "
        "tokens "
        "still guard what changes something.",
        "Answer /waiting-room/authorize/, /waiting-room/gate/, /admin/ and /metrics with 404 at the shop's host, as "
        "the "
        "configurations of `waiting-room proxy` do.",
    ),
    Kind(
        "clock-off",
        "clocks",
        WARNING,
        "a clock is wrong",
        "Rooms go by Redis' clock, schedules and countdowns by the service's, caches and cookies by everybody's: a "
        "break ends "
        "late, and logs of two machines do not fit together.",
        "Run chrony or systemd-timesyncd there, and look at `timedatectl`.",
    ),
)
