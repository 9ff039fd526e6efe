"""
All that may be examined, one after the other, and what it comes to together.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from waiting_room.core.policy import Policy
from waiting_room.doctor.asker import MOST, PER_SECOND, Asker
from waiting_room.doctor.catalogue import found
from waiting_room.doctor.examination import Examined, Order, examine, hosts_of
from waiting_room.doctor.findings import TOPICS, Diagnosis, Untold, joined
from waiting_room.doctor.redis_checks import RedisFacts, check_redis, shown_address
from waiting_room.doctor.site_checks import Clock, check_clocks
from waiting_room.errors import PolicyError, StoreUnavailableError
from waiting_room.store.condition import Condition, condition


@dataclass(frozen=True, slots=True)
class Consultation:
    """
    Hold the outcome: of the shop, where one was examined, and of all together. *redis_away* where Redis did not answer.
    """

    diagnosis: Diagnosis
    examined: Examined | None = None
    redis_away: bool = False


async def consult(
    order: Order | None,
    redis_url: str | None,
    room: str = "",
    topics: tuple[str, ...] = TOPICS,
    per_second: float = PER_SECOND,
    login: str = "",
    *,
    believes: bool | None = None,
) -> Consultation:
    """
    Return what is wrong with a shop and with Redis, of each what is given.

    *login* is ``user:password`` for a shop that asks for one, *per_second* how fast it is asked. *believes* tells
    whether the service believes any proxy, where that is known.
    """
    parts: list[Diagnosis] = []
    clocks: list[Clock] = []
    examined, away = None, False
    if order is not None:
        async with Asker(hosts_of(order), per_second, MOST, login) as asker:
            examined = await examine(order, asker)
        parts.append(examined.diagnosis)
        clocks += examined.clocks
    if redis_url is not None and {"redis", "clocks"} & set(topics):
        try:
            seen = await condition(redis_url)
        except StoreUnavailableError as error:
            away = True
            parts.append(Diagnosis((found("redis-unreachable", shown_address(redis_url), str(error)),)))
        else:
            clocks.append(Clock("Redis", seen.ahead_ms))
            named = room or (examined.room if examined else "")
            parts += [check_redis(facts_of(redis_url, seen, named, believes=believes))] if "redis" in topics else []
    elif "redis" in topics:
        why = "no address is known; give --redis-url, or the service's --config"
        parts.append(Diagnosis(untold=(Untold("Redis", why),)))
    if "clocks" in topics:
        parts.append(check_clocks(clocks))
    return Consultation(joined(parts), examined, away)


def facts_of(url: str, seen: Condition, room: str = "", *, believes: bool | None = None) -> RedisFacts:
    """
    Return what is checked of a condition; settings of a room that this version cannot read are left out.
    """
    return RedisFacts(
        url=url,
        info=seen.info,
        config=seen.config,
        pings_ms=seen.pings_ms,
        denied=seen.denied,
        keys=seen.keys,
        sampled=seen.sampled,
        others=seen.others,
        room=room,
        believes=believes,
        policies=None if seen.policies is None else _policies(seen.policies),
    )


def _policies(texts: Mapping[str, str]) -> dict[str, Policy]:
    read: dict[str, Policy] = {}
    for room, text in texts.items():
        try:
            read[room] = Policy.parse(json.loads(text), room)
        except (PolicyError, ValueError):
            read[room] = Policy()
    return read
