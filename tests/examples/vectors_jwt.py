"""
The published vectors for verifiers of passes that are JSON Web Tokens; their keys are those of two RFCs.

``python -m tests.examples.vectors_jwt`` writes them anew.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tests.examples.vectors import texts as compact_texts
from tests.jwts.makings import EC, ED, GOOD, KEYS, NOW_MS, ROOM, base64, claims, header, signed
from tests.source import ROOT
from waiting_room.errors import TokenError
from waiting_room.jwts.claims import ISSUER
from waiting_room.jwts.keys import document_of
from waiting_room.jwts.seals import JwtVerifier

FILE: Final = ROOT / "examples" / "passes" / "vectors-jwt.json"
OURS: Final = "waiting_room"


def texts() -> dict[str, str]:
    """
    Return what is to be verified, by what is the matter with it.
    """
    good = signed(claims())
    head, payload, signature = good.split(".")
    public = json.dumps(ED.verifying.as_jwk()).encode()
    return {
        "signed with Ed25519": good,
        "signed with P-256": signed(claims(), key=EC),
        "the last millisecond": signed(claims(replace(GOOD, hard_end_ms=NOW_MS + 1))),
        "at its hard end": signed(claims(replace(GOOD, hard_end_ms=NOW_MS))),
        "of another room": signed(claims(aud="other-room")),
        "for several rooms": signed(claims(aud=[ROOM, "other-room"])),
        "of another issuer": signed(claims(iss="somebody")),
        "not valid yet": signed(claims(nbf=NOW_MS // 1000 + 60)),
        "not valid before no number": signed(claims(nbf="soon")),
        "of another type": signed(claims(), header(typ="JWT")),
        "of no type": signed(claims(), header(typ=None)),
        "alg none": f"{base64(json.dumps(header(alg='none')).encode())}.{payload}.",
        "alg none, with a signature": signed(claims(), header(alg="none")),
        "HMAC with the public key": signed(claims(), header(alg="HS256"), public),
        "HMAC that says EdDSA": signed(claims(), header(), public),
        "another algorithm than the key's": signed(claims(), header(ED, alg="ES256"), EC),
        "another key under this id": signed(claims(), header(EC, alg="ES256"), ED),
        "signed with an unknown key": signed(claims(), header(kid="unknown")),
        "without a key id": signed(claims(), header(kid=None)),
        "a critical extension": signed(claims(), header(crit=["waiting"], waiting=1)),
        "a key that comes along": signed(claims(), header(jwk=ED.verifying.as_jwk())),
        "its signature changed": f"{head}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
        "its signature spelled otherwise": f"{good[:-1]}{'BCDEFGH'['AQgw'.index(good[-1])]}",
        "its signature cut": good[:-2],
        "its signature padded": f"{good}==",
        "no signature": f"{head}.{payload}.",
        "its payload changed": f"{head}.{base64(json.dumps(claims(sub='visitor-2')).encode())}.{signature}",
        "a part too many": f"{good}.x",
        "a part too few": f"{head}.{payload}",
        "nothing": "",
        "a compact pass": compact_texts()["signed with the newest key"],
        "longer than any pass": signed(claims(more="x" * 2048)),
        "with a text for a number": signed(claims(**{OURS: claims()[OURS] | {"number": "7"}})),
        "with a number for a text": signed(claims(**{OURS: claims()[OURS] | {"seat": 7}})),
        "with a fraction for a number": signed(claims(**{OURS: claims()[OURS] | {"hard_end_ms": NOW_MS + 0.5}})),
        "without an end": signed(claims(exp=None)),
        "with two ends": signed(claims(exp=GOOD.hard_end_ms // 1000 + 60)),
        "without our claims": signed(claims(waiting_room=None)),
    }


def proved(text: str) -> dict[str, Any]:
    """
    Return what our own verifier makes of *text*: the pass, or the reason for none.
    """
    try:
        found = JwtVerifier(KEYS, ISSUER).admission(text, ROOM, NOW_MS)
    except TokenError as error:
        return {"reason": str(error.reason)}
    names = ("lane", "number", "visitor", "seat", "issued_ms", "hard_end_ms")
    return {"pass": {name: getattr(found, name) for name in names}}


def document() -> str:
    """
    Return the file as it is published.
    """
    vectors = [{"what": what, "text": text, **proved(text)} for what, text in texts().items()]
    keys = document_of(KEYS.values())
    made = {"room": ROOM, "issuer": ISSUER, "jwks": keys, "now_ms": NOW_MS, "vectors": vectors}
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def main(file: Path = FILE) -> None:
    """
    Write the file.
    """
    file.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
