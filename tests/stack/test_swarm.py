"""The stack file that is derived from compose.yml for a swarm."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stack.composed import ROOT, script


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("swarm") / "swarm.yml"
    script("swarm").main(file)
    read: dict[str, Any] = yaml.load(file.read_text(), yaml.CSafeLoader)
    return read


def test_it_has_nothing_that_a_swarm_does_not_know(stack: dict[str, Any]) -> None:
    assert set(stack) == {"version", "services", "networks", "volumes", "configs", "secrets"}
    for name, service in stack["services"].items():
        ignored = {
            *("build", "cgroup", "depends_on", "extra_hosts", "network_mode", "pid", "profiles"),
            *("privileged", "restart", "security_opt", "shm_size", "tmpfs", "uts"),
        }
        assert not ignored & set(service), name


def test_containers_and_logs_are_on_every_node_and_the_rest_is_once(stack: dict[str, Any]) -> None:
    modes = {name: each["deploy"]["mode"] for name, each in stack["services"].items()}
    assert {name for name, mode in modes.items() if mode == "global"} == {
        *("nearfield-node", "node-exporter")
    }
    once, node = (stack["services"][name] for name in ("nearfield", "nearfield-node"))
    assert once["command"][1:3] == ["downloads", "fastly"]
    assert node["command"][1:4] == ["containers", "deploys", "logs"]
    assert set(modes.values()) == {"global", "replicated"}


def test_no_nearfield_is_killed_since_another_is_down(stack: dict[str, Any]) -> None:
    for name in ("nearfield", "nearfield-node"):
        [asked] = re.findall(r"9580(/\w+)", str(stack["services"][name]["healthcheck"]["test"]))
        assert asked == "/healthz", name


def test_only_a_node_s_own_nearfield_has_its_socket(stack: dict[str, Any]) -> None:
    with_socket = {
        name
        for name, each in stack["services"].items()
        if any("docker.sock" in str(mount) for mount in each["volumes"])
    }
    assert with_socket == {"nearfield-node"}


def test_no_port_is_published_since_a_swarm_would_do_so_to_the_world(stack: dict[str, Any]) -> None:
    assert not any("ports" in each for each in stack["services"].values())


def test_every_service_is_updated_with_a_way_back(stack: dict[str, Any]) -> None:
    for name, service in stack["services"].items():
        deploy = service["deploy"]
        assert deploy["update_config"]["failure_action"] == "rollback"
        assert set(deploy["resources"]["limits"]) == {"cpus", "memory", "pids"}
        # Two at a time must not write to one volume.
        kept = any(isinstance(each, str) and each[0] != "/" for each in service["volumes"])
        assert (deploy["update_config"]["order"] == "start-first") is (
            not kept and deploy["mode"] == "replicated"
        ), name


def test_what_is_kept_stays_on_its_node_and_belongs_to_one(stack: dict[str, Any]) -> None:
    named = {
        name: mount.split(":")[0]
        for name, each in stack["services"].items()
        for mount in each["volumes"]
        if isinstance(mount, str) and mount[0] != "/"
    }
    assert sorted(named.values()) == sorted(stack["volumes"])
    for name in named.keys() - {"nearfield-node"}:
        placement = stack["services"][name]["deploy"]["placement"]
        assert placement == {"constraints": ["node.labels.nearfield == home"]}


def test_no_file_of_ours_is_mounted_but_as_a_config(stack: dict[str, Any]) -> None:
    for service in stack["services"].values():
        assert all(isinstance(each, dict) or each[0] != "." for each in service["volumes"])
        for config in service["configs"]:
            assert config["source"] in stack["configs"]
    for name, config in stack["configs"].items():
        assert (ROOT / config["file"]).stat().st_size < 500_000, "what a swarm takes"
        assert re.fullmatch(r"[\w.-]{1,64}", name)
        assert config["name"] == name, "named by its content, so that a change is deployed"


def test_targets_of_one_host_are_left_to_compose(stack: dict[str, Any]) -> None:
    files = {Path(config["target"]).name for config in stack["services"]["prometheus"]["configs"]}
    assert "hosts.yml" in files
    assert not {"this-host.yml", "seconds.yml"} & files


def test_secrets_can_be_changed_by_a_new_name(stack: dict[str, Any]) -> None:
    for name, secret in stack["secrets"].items():
        assert secret["name"] == f"nearfield_{name}_${{SECRETS:-1}}"
    used = {each for s in stack["services"].values() for each in s.get("secrets", ())}
    assert used == set(stack["secrets"])
