"""
The verifiers of JWT passes in PHP and JavaScript, held against the published vectors, and these against our own.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.examples.vectors_jwt import FILE, document

PASSES = FILE.parent
PHP = """<?php
require $argv[1] . '/waiting_room_jwt.php';
$given = json_decode(file_get_contents($argv[1] . '/vectors-jwt.json'), true);
$passes = new WaitingRoomJwts($given['room'], $given['jwks'], $given['issuer']);
foreach ($given['vectors'] as $vector) {
    try {
        $made[] = ['pass' => $passes->verify($vector['text'], $given['now_ms'])];
    } catch (WaitingRoomRefusal $refusal) {
        $made[] = ['reason' => $refusal->getMessage()];
    }
}
echo json_encode($made);
"""
NODE = """
import { readFileSync } from "node:fs";
import { WaitingRoomJwts, WaitingRoomRefusal } from "./waiting-room-jwt.mjs";
const given = JSON.parse(readFileSync("vectors-jwt.json", "utf8"));
const passes = new WaitingRoomJwts(given.room, given.jwks, given.issuer);
const made = [];
for (const vector of given.vectors) {
  try {
    const { issuedMs: issued_ms, hardEndMs: hard_end_ms, ...rest } = passes.verify(vector.text, given.now_ms);
    made.push({ pass: { ...rest, issued_ms, hard_end_ms } });
  } catch (refusal) {
    if (!(refusal instanceof WaitingRoomRefusal)) throw refusal;
    made.push({ reason: refusal.reason });
  }
}
console.log(JSON.stringify(made));
"""


def published() -> dict[str, dict[str, Any]]:
    """
    Return what the vectors say, without their texts, by what is the matter.
    """
    vectors = json.loads(FILE.read_text(encoding="utf-8"))["vectors"]
    return {one["what"]: {name: one[name] for name in one if name in {"pass", "reason"}} for one in vectors}


def test_vectors_are_as_our_own_verifier_judges() -> None:
    """
    A change of the format reaches those who verify elsewhere (`python -m tests.examples.vectors_jwt`).
    """
    assert FILE.read_text(encoding="utf-8") == document()


def test_vectors_show_each_way_to_fail() -> None:
    """
    And passes that count, by either algorithm.
    """
    found = published()

    assert [what for what, made in found.items() if "pass" in made] == list(found)[:3]
    assert {made.get("reason") for made in found.values()} == {None, "pass_invalid", "pass_expired"}


@pytest.mark.peer("php")
def test_php_judges_as_we_do(tmp_path: Path) -> None:
    """
    Every vector, with OpenSSL and sodium.
    """
    script = tmp_path / "try.php"
    script.write_text(PHP, encoding="utf-8")
    done = subprocess.run(["php", script, PASSES], capture_output=True, text=True, check=False, timeout=30)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert dict(zip(published(), json.loads(done.stdout), strict=True)) == published()


@pytest.mark.peer("node")
def test_node_judges_as_we_do() -> None:
    """
    Every vector, with node:crypto.
    """
    command = ["node", "--input-type=module", "--eval", NODE]
    done = subprocess.run(command, cwd=PASSES, capture_output=True, text=True, check=False, timeout=30)

    assert (done.returncode, done.stderr) == (0, "")
    assert dict(zip(published(), json.loads(done.stdout), strict=True)) == published()
