"""
The files that start everything together, held against the settings and the tree.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dashboards.sources import ROOT
from waiting_room.config import load

# What compose.yaml's first lines tell the reader to make.
MADE_BEFOREHAND = {"./deploy/secret_keys", "./deploy/admin_token"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """
    Return compose.yaml.
    """
    document: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return document


def test_the_service_accepts_what_compose_gives_it(compose: dict[str, Any], tmp_path: Path) -> None:
    """
    The configuration file and the environment are valid together, secrets included.
    """
    environment = dict(compose["services"]["waiting-room"]["environment"])
    for name, content in (("SECRET_KEYS", "k1:" + "0" * 64), ("ADMIN_TOKEN", "0" * 64)):
        secret = tmp_path / name
        secret.write_text(content, encoding="utf-8")
        environment[f"WAITING_ROOM_SERVER__{name}_FILE"] = str(secret)
    settings = load(ROOT / "deploy" / "waiting-room.toml", environ=environment, options={})

    assert settings.server.host == "0.0.0.0"  # noqa: S104 - within its container
    assert settings.redis.url == "redis://valkey:6379/0"
    assert set(settings.rooms) == {"spring-sale"}


def test_every_mounted_file_is_there(compose: dict[str, Any]) -> None:
    """
    A missing source of a mount would be made as an empty folder of root's.
    """
    mounts = [volume for service in compose["services"].values() for volume in service.get("volumes", [])]
    sources = {mount.partition(":")[0] for mount in mounts} - set(compose["volumes"])

    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source


def test_secrets_are_made_and_never_committed(compose: dict[str, Any]) -> None:
    """
    The secrets' files are those that the reader is told to make, and git is told to leave them alone.
    """
    files = {secret["file"] for secret in compose["secrets"].values()}
    ignored = (ROOT / "deploy" / ".gitignore").read_text(encoding="utf-8").split()

    assert files == MADE_BEFOREHAND
    assert {Path(file).name for file in files} == set(ignored)


def test_the_image_is_not_root() -> None:
    """
    The service runs under a number that is not 0, which Kubernetes can check without a look into the image.
    """
    lines = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1].partition(":")[0] for line in lines if line.startswith("USER ")]

    assert users
    assert all(user.isdigit() and int(user) > 0 for user in users)


def test_the_image_copies_what_there_is() -> None:
    """
    Everything that the build copies from the tree is in the tree.
    """
    lines = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    sources = [
        source for line in lines if line.startswith("COPY ") and "--from" not in line for source in line.split()[1:-1]
    ]

    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source


def test_prometheus_finds_the_service_where_compose_puts_it(compose: dict[str, Any]) -> None:
    """
    The scraped name is the service's name, and the port the one it publishes.
    """
    config = yaml.safe_load((ROOT / "dashboards/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    job = next(job for job in config["scrape_configs"] if job["job_name"] == "waiting-room")
    (target,) = job["static_configs"][0]["targets"]
    name, _, port = target.partition(":")

    assert f"{port}:{port}" in compose["services"][name]["ports"]


def test_grafana_finds_prometheus_and_the_dashboards(compose: dict[str, Any]) -> None:
    """
    The provisioned data source and folder are those that compose provides.
    """
    provisioning = ROOT / "dashboards/grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text(encoding="utf-8"))["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/waiting-room.yml").read_text(encoding="utf-8"))[
        "providers"
    ]
    mounted = [volume.split(":")[1] for volume in compose["services"]["grafana"]["volumes"]]

    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in compose["services"]
    assert provider["options"]["path"] in mounted
