"""
Kinds of findings on Redis. Data.
"""

from typing import Final

from waiting_room.doctor.findings import Kind, Severity

PROBLEM, WARNING, NOTE = Severity

KINDS: Final = (
    Kind(
        "redis-unreachable",
        "redis",
        PROBLEM,
        "Redis does not answer",
        "Nobody is let in while the service cannot reach it, and the service does not start without it.",
        "Start it, or correct address, password and firewall; try `redis-cli -u URL ping` from the service's machine.",
    ),
    Kind(
        "redis-old",
        "redis",
        PROBLEM,
        "Redis is too old",
        "The scripts use what older versions do not have, or have otherwise.",
        "Take Redis 7.0 or later, or Valkey 8 or later.",
    ),
    Kind(
        "redis-unknown-kind",
        "redis",
        WARNING,
        "it is neither Redis nor Valkey",
        "The rooms are tried with those two only; atomic scripts and bitmaps may behave otherwise elsewhere.",
        "Take Redis or Valkey, or rehearse the whole promotion against this one first.",
    ),
    Kind(
        "redis-cluster",
        "redis",
        PROBLEM,
        "Redis is in cluster mode",
        "The service talks to one server and follows no redirect, so that rooms on other nodes cannot be reached.",
        "Take a server that is not in cluster mode (for managed ones: cluster mode disabled).",
    ),
    Kind(
        "redis-replica",
        "redis",
        PROBLEM,
        "this is a replica",
        "It refuses every write: nobody can join or go in.",
        "Give the primary's address (for managed ones the primary endpoint, not the reader's).",
    ),
    Kind(
        "redis-loading",
        "redis",
        PROBLEM,
        "Redis is still reading its data",
        "It refuses everything until it is done.",
        "Wait, and run the doctor again.",
    ),
    Kind(
        "redis-eviction",
        "redis",
        PROBLEM,
        "Redis may throw away keys",
        "When memory is full it deletes keys to make room for others: seats, counters or a whole room, in the "
        "middle of a sale.",
        "`CONFIG SET maxmemory-policy noeviction`, and the same in redis.conf or the provider's parameter group.",
    ),
    Kind(
        "redis-evicted",
        "redis",
        WARNING,
        "Redis has thrown keys away",
        "Memory was full before, and the rooms were at risk then.",
        "Give it more memory or a server of its own, and set maxmemory-policy to noeviction.",
    ),
    Kind(
        "redis-not-kept",
        "redis",
        PROBLEM,
        "Redis keeps nothing over a restart",
        "A restart comes back empty. Rooms are put back from the workers' memory and the visitors' tickets, within "
        "seconds and with gaps; if the workers restart as well, as with the machine, only tickets are left.",
        "`CONFIG SET appendonly yes`, and the same in redis.conf, with appendfsync everysec.",
    ),
    Kind(
        "redis-snapshots-only",
        "redis",
        WARNING,
        "Redis keeps only a snapshot from time to time",
        "A crash loses all since the last one, minutes of a sale; much of it comes back from tickets and workers, "
        "with a pause.",
        "`CONFIG SET appendonly yes`, and the same in redis.conf, with appendfsync everysec.",
    ),
    Kind(
        "redis-fsync",
        "redis",
        WARNING,
        "the append-only file is not written as it should be",
        "With `no` a crash of the machine loses as much as the kernel likes; with `always` every join waits for the "
        "disk.",
        "`CONFIG SET appendfsync everysec`.",
    ),
    Kind(
        "redis-write-error",
        "redis",
        PROBLEM,
        "Redis could not write to its disk",
        "It refuses writes from then on (stop-writes-on-bgsave-error), or loses them at the next restart.",
        "Look into its log, make room on the disk, then `BGSAVE` or `BGREWRITEAOF`, and run the doctor again.",
    ),
    Kind(
        "redis-memory",
        "redis",
        WARNING,
        "memory may not do",
        "When it is full, joins fail: nobody new gets a place.",
        "Raise maxmemory, take a larger server, or lower audit_records, which is the most of it.",
    ),
    Kind(
        "redis-slow",
        "redis",
        WARNING,
        "Redis is slow, or far away",
        "A command has 250 ms. Joins and the leader's steps wait for several, and what times out counts as an outage.",
        "Put it next to the service (same zone), on a server without slow neighbours; see `SLOWLOG GET` and "
        "`LATENCY DOCTOR`.",
    ),
    Kind(
        "redis-no-replica",
        "redis",
        NOTE,
        "there is no replica",
        "If the machine dies, admissions rest until it is back; with a replica they rest for seconds.",
        "Add a replica with an automatic fail-over, or know how long a restart takes.",
    ),
    Kind(
        "redis-replica-late",
        "redis",
        WARNING,
        "a replica lags",
        "If it is promoted it has lost the last writes. Numbers go on above a mark, so places stay in order, but "
        "admissions rest for seconds while seats are put together again from the passes that gates see.",
        "Look at network and disk of the replica; `min-replicas-max-lag 1` makes the loss bounded.",
    ),
    Kind(
        "redis-rights",
        "redis",
        PROBLEM,
        "our user may not do all that the rooms need",
        "The scripts fail where they use a forbidden command, some of them only in a sale or after a crash.",
        "`ACL SETUSER NAME on >PASSWORD ~wr:* +@all -@admin -@dangerous +info`, or add the commands that are named.",
    ),
    Kind(
        "redis-plain",
        "redis",
        WARNING,
        "the way to Redis is not encrypted",
        "Whoever sees the traffic reads the password and the draw's seed, and can change rooms.",
        "Use rediss:// with a certificate, or a network that nobody else is in.",
    ),
    Kind(
        "redis-open",
        "redis",
        WARNING,
        "Redis asks for no password",
        "Everybody who reaches it can empty it or let themselves in.",
        "Set `requirepass` or an ACL user, and give it in the address: redis://USER:PASSWORD@HOST:6379/0.",
    ),
    Kind(
        "redis-clients",
        "redis",
        WARNING,
        "connections are scarce",
        "Each worker takes up to 8; who gets none counts Redis as away.",
        "Raise maxclients, or find out with `CLIENT LIST` who else holds so many.",
    ),
    Kind(
        "redis-timeout",
        "redis",
        NOTE,
        "Redis closes idle connections",
        "A connection that is closed between two uses costs a new one, just when a crowd begins.",
        "`CONFIG SET timeout 0`, and let tcp-keepalive find the dead ones.",
    ),
    Kind(
        "redis-shared",
        "redis",
        WARNING,
        "others use this Redis as well",
        "Their memory, slow commands and `FLUSHALL` are ours too, and a sale is when they are busiest.",
        "Give the rooms a server of their own; it may be small.",
    ),
    Kind(
        "redis-room-missing",
        "redis",
        PROBLEM,
        "the room is not in this Redis",
        "Gates that ask for it are told that there is no such room, and fall back to their rule for an outage.",
        "Create it (`waiting-room room create NAME`), or give the address that the service has.",
    ),
    Kind(
        "room-counts-the-proxy",
        "redis",
        WARNING,
        "new places are counted by address, and no proxy is believed",
        "Behind a proxy everybody seems to come from its address, and shares what one network is given a minute.",
        "Name the proxy, and the servers of a gate in the shop, in the service's trusted_proxies; or set the room's "
        "joins_per_address to 0. Where shoppers reach the service without a proxy, all is well.",
    ),
)
