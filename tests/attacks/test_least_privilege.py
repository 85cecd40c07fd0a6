"""Containers have no right that they do not need. tests/cluster/test_containers.py asks those that run.

Kubernetes' pod and systemd's unit: tests/test_schedulers.py.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
FORBIDDEN = {
    "privileged",
    "cap_add",
    "devices",
    "network_mode",
    "pid",
    "ipc",
    "userns_mode",
    "group_add",
    "cgroup_parent",
}


def each_service(test):
    return pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))(test)


@each_service
def test_a_service_has_no_capability_and_gains_none(service):
    assert service["user"] == "w2v"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not FORBIDDEN & service.keys()


@each_service
def test_a_service_is_held_to_a_memory_limit(service):
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])


@each_service
def test_a_service_is_reached_from_this_machine_alone(service):
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@each_service
def test_what_is_mounted_from_the_checkout_is_not_written(service):
    mounted = [
        mount for mount in service["volumes"] if mount.startswith((".", "~")) or "docker.sock" in mount
    ]
    assert all(re.fullmatch(r"\./(dist|jobs|conf):/w2v/\w+:ro", mount) for mount in mounted)


@pytest.mark.parametrize("name", SERVICES)
def test_all_but_workers_have_a_root_that_is_not_written(name):
    """A worker's scratch is on its own disk."""
    service: dict[str, Any] = SERVICES[name]
    assert service.get("read_only", False) == (name != "spark-worker")
    assert service.get("tmpfs", []) == ([] if name == "spark-worker" else ["/tmp:exec"])


@each_service
def test_no_secret_stands_in_the_file(service):
    """Credentials have no value here: they come from the shell that starts the cluster."""
    variables = service.get("environment", {})
    secret = {name: value for name, value in variables.items() if name.startswith("AWS_")}
    assert all(value is None for value in secret.values())


def test_the_image_ends_as_a_user_without_rights():
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert re.findall(r"^USER (.*)$", last, re.MULTILINE) == ["w2v"]
    assert "useradd --uid 1000" in last
    assert last.index("\nUSER w2v") < last.index("\nENTRYPOINT")
    assert not re.search(r"sudo|setuid|chmod|ADD http|curl|wget", DOCKERFILE)
