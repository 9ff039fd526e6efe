"""
The room service with a real Valkey behind it, for every test of a gate that needs no stand-in.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.gates.fronts import SERVERS
from tests.gates.makings import SECRET
from tests.jwts.makings import ED25519
from tests.waiting import patient
from waiting_room.store.embedded import EmbeddedValkey

ADMIN_TOKEN = "the-operators-token"
ROOMS = {
    "idle": 50,
    "full": 1,
    "left": 5,
    "bought": 5,
    "late": 5,
    "steered": 50,
    "sold": 1,
    "paying": 5,
    "revoked": 5,
    **{f"{kind}-table": 1 for kind in SERVERS},
    **{f"{kind}-story": 1 for kind in SERVERS},
    **{f"{kind}-health": 50 for kind in SERVERS},
    **{f"{kind}-jwt": 1 for kind in SERVERS},
    "forked": 500,
    "host-nginx": 1,
    "host-caddy": 1,
    "cached": 8,
    "cached-badly": 8,
    "cached-inside": 8,
}
"""Each room with its capacity; one a test, or one for each framework."""


@contextmanager
def real_service(folder: Path, rooms: Mapping[str, int]) -> Iterator[str]:
    """
    Run Valkey and the service with these rooms, and hand out its address.
    """
    config = folder / "waiting-room.toml"
    key = folder / "key.json"
    key.write_text(ED25519)
    lines = ["[server]", "port = 0", f'secret_keys = ["{SECRET}"]', f'admin_token = "{ADMIN_TOKEN}"']
    lines += ["[jwt]", f'keys = ["{key}"]', f"rooms = {[f'{kind}-jwt' for kind in SERVERS]}"]
    for room, capacity in rooms.items():
        lines += [f"[rooms.{room}]", f"capacity = {capacity}", "rate_per_minute = 60000", "poll_min_s = 0.2"]
        lines += ['target = "http://127.0.0.1/"', f"adaptive = {str(room == 'steered').lower()}"]
        if room == "paying":
            lines += ["payment_cap_s = 600"]
    config.write_text("\n".join(lines))
    command = [sys.executable, "-m", "waiting_room", "serve", "--config", str(config), "--json", "--redis-url"]
    with (
        EmbeddedValkey() as valkey,
        subprocess.Popen([*command, patient(valkey.url)], stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, "the service ended before it served; its log says why"
            yield json.loads(line)["url"]
        finally:
            process.terminate()
            process.wait(15)
