"""
The published vectors for verifiers of passes, made by our own keyring.

``python -m tests.examples.vectors`` writes them anew.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any, Final

from tests.source import ROOT
from waiting_room.errors import TokenError
from waiting_room.tokens import Keyring, Pass, Ticket, Visitor

FILE: Final = ROOT / "examples" / "passes" / "vectors.json"
ROOM: Final = "spring-sale"
SECRETS: Final = ("k2:" + "new-secret-" * 4, "k1:" + "old-secret-" * 4)
NOW_MS: Final = 1_800_000_000_000
GOOD: Final = Pass(ROOM, "standard", 7, "visitor-ą-1", "standard.7", NOW_MS - 60_000, NOW_MS + 3_540_000)
OVER: Final = Pass(ROOM, "standard", 8, "visitor-2", "standard.8", NOW_MS - 3_600_000, NOW_MS)
FOREIGN: Final = Pass("other-room", "standard", 7, "visitor-1", "standard.7", NOW_MS - 60_000, NOW_MS + 3_540_000)


def signed(payload: Any, kind: str = "pass", version: str = "wr1", key_id: str = "k2", secret: str = "") -> str:
    """
    Return a token made by hand, right but for what the arguments change.
    """
    text = secret or SECRETS[0].partition(":")[2]
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    head = f"{version}.{kind}.{key_id}.{_base64(raw)}"
    key = hmac.digest(text.encode(), f"{version}.{kind}".encode(), "sha256")
    return f"{head}.{_base64(hmac.digest(key, head.encode(), 'sha256'))}"


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def texts() -> dict[str, str]:
    """
    Return what is to be verified, by what is the matter with it.
    """
    new, old = Keyring(SECRETS), Keyring(SECRETS[1:])
    good = new.sign(GOOD)
    claims = {"r": ROOM, "l": "standard", "n": 7, "v": "visitor-1", "s": "standard.7", "i": 1, "e": NOW_MS + 1}
    head, _, signature = good.rpartition(".")
    other = "B" if signature[0] == "A" else "A"
    return {
        "signed with the newest key": good,
        "signed with an older key": old.sign(GOOD),
        "the last millisecond": signed(claims),
        "at its hard end": new.sign(OVER),
        "of another room": new.sign(FOREIGN),
        "a ticket": new.sign(Ticket(ROOM, "standard", 7, "visitor-1", NOW_MS)),
        "a visitor": new.sign(Visitor("visitor-1")),
        "of another version": signed(claims, version="wr2"),
        "signed with an unknown key": signed(claims, key_id="k9"),
        "signed with another secret": signed(claims, secret="x" * 40),
        "its signature changed": f"{head}.{other}{signature[1:]}",
        "its signature cut": good[:-1],
        "its signature padded": f"{good}=",
        "no signature": f"{head}.",
        "its payload changed": good.replace("." + head.split(".")[3], "." + _base64(json.dumps(claims).encode())),
        "a part too many": f"{good}.x",
        "a part too few": head,
        "nothing": "",
        "longer than any pass": good + "x" * 2048,
        "with a text for a number": signed(claims | {"n": "7"}),
        "with a fraction for a number": signed(claims | {"e": NOW_MS + 0.5}),
        "with a number for a text": signed(claims | {"s": 7}),
        "without an end": signed({name: value for name, value in claims.items() if name != "e"}),
    }


def proved(text: str) -> dict[str, Any]:
    """
    Return what our own verifier makes of *text*: the pass, or the reason for none.
    """
    try:
        found = Keyring(SECRETS).admission(text, ROOM, NOW_MS)
    except TokenError as error:
        expired = error.reason == "pass_expired"
        return {"reason": "pass_expired" if expired else "pass_invalid"}
    names = ("lane", "number", "visitor", "seat", "issued_ms", "hard_end_ms")
    return {"pass": {name: getattr(found, name) for name in names}}


def document() -> str:
    """
    Return the file as it is published.
    """
    vectors = [{"what": what, "text": text, **proved(text)} for what, text in texts().items()]
    made = {"room": ROOM, "secret_keys": SECRETS, "now_ms": NOW_MS, "vectors": vectors}
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def main(file: Path = FILE) -> None:
    """
    Write the file.
    """
    file.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
