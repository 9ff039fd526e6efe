"""
The verifiers in PHP and JavaScript, held against the published vectors, and these against our own.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.examples.vectors import FILE, document

PASSES = FILE.parent
PHP = """<?php
require $argv[1] . '/waiting_room_pass.php';
$given = json_decode(file_get_contents($argv[1] . '/vectors.json'), true);
$passes = new WaitingRoomPasses($given['room'], $given['secret_keys']);
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
import { WaitingRoomPasses, WaitingRoomRefusal } from "./waiting-room-pass.mjs";
const given = JSON.parse(readFileSync("vectors.json", "utf8"));
const passes = await WaitingRoomPasses.of(given.room, given.secret_keys);
const made = [];
for (const vector of given.vectors) {
  try {
    const { issuedMs: issued_ms, hardEndMs: hard_end_ms, ...rest } = await passes.verify(vector.text, given.now_ms);
    made.push({ pass: { ...rest, issued_ms, hard_end_ms } });
  } catch (refusal) {
    if (!(refusal instanceof WaitingRoomRefusal)) throw refusal;
    made.push({ reason: refusal.reason });
  }
}
console.log(JSON.stringify(made));
"""


def published() -> list[dict[str, Any]]:
    """
    Return what the vectors say, without their texts.
    """
    vectors = json.loads(FILE.read_text(encoding="utf-8"))["vectors"]
    return [{name: vector[name] for name in vector if name in {"pass", "reason"}} for vector in vectors]


def test_vectors_are_as_our_own_verifier_judges() -> None:
    """
    A change of the format reaches those who verify elsewhere (`python -m tests.examples.vectors`).
    """
    assert FILE.read_text(encoding="utf-8") == document()


def test_vectors_show_each_way_to_fail() -> None:
    """
    And passes that count, signed with a new key and an old one.
    """
    found = published()

    assert sum("pass" in vector for vector in found) == 3
    assert {vector.get("reason") for vector in found} == {None, "pass_invalid", "pass_expired"}


@pytest.mark.peer("php")
def test_php_judges_as_we_do(tmp_path: Path) -> None:
    """
    Every vector.
    """
    script = tmp_path / "try.php"
    script.write_text(PHP, encoding="utf-8")
    done = subprocess.run(["php", script, PASSES], capture_output=True, text=True, check=False, timeout=30)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert json.loads(done.stdout) == published()


@pytest.mark.peer("node")
def test_node_judges_as_we_do() -> None:
    """
    Every vector.
    """
    command = ["node", "--input-type=module", "--eval", NODE]
    done = subprocess.run(command, cwd=PASSES, capture_output=True, text=True, check=False, timeout=30)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == published()


@pytest.mark.peer("php")
@pytest.mark.parametrize("secrets", ["['k1']", "['k1:short']"])
def test_php_takes_no_weak_key(secrets: str) -> None:
    """
    A slip in the configuration is found before any pass.
    """
    code = f"require '{PASSES}/waiting_room_pass.php'; new WaitingRoomPasses('r', {secrets});"
    done = subprocess.run(["php", "-r", code], capture_output=True, text=True, check=False, timeout=30)

    assert done.returncode != 0
    assert "shorter than 32" in done.stdout + done.stderr
