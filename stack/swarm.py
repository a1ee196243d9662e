"""Derives swarm.yml, for `docker stack deploy`, from compose.yml: `make swarm.yml`.

What only Compose knows goes (start order, profiles, builds). What only a swarm knows comes:
policies of updates, files as configs, and Nearfield in two, once for the ledger and once on
every node.
"""

import hashlib
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
Service = dict[str, Any]

_HEAD = """\
# Made from compose.yml by `make swarm.yml`: change that one. On a manager, in this folder:
#
#   stack/prepare && docker build -t nearfield:0.1.0 .      # and push it where your nodes find it
#   docker node update --label-add nearfield=home NODE      # the node that keeps the volumes
#   DOCKER_GID=$(getent group docker | cut -d: -f3) docker stack deploy -c swarm.yml nearfield
#
# No port is published, since a swarm would do so to the whole world: let your own proxy join the
# network nearfield_default. A changed secret needs a new name: deploy with SECRETS=2. The node
# exporters count the sockets and the traffic of their containers: for those of the hosts, run them
# outside of the swarm.
"""
_NOT_IN_A_SWARM = (
    "build", "cgroup", "depends_on", "extra_hosts", "network_mode", "pid", "pids_limit", "ports",
    "profiles", "restart", "security_opt", "shm_size", "tmpfs", "uts",
)  # fmt: skip
_ONLY_HERE = {"this-host.yml", "seconds.yml"}
"""Targets that a swarm finds by the names of its tasks."""
_ON_EVERY_NODE = {"nearfield-node", "node-exporter"}
_HOST_FILES = ("/", "/proc", "/sys/fs/cgroup", "/var/run/docker.sock")
_SETTINGS = ["--config", "/etc/nearfield/nearfield.toml"]


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, _data: object) -> bool:
        return True


def derived(compose: dict[str, Any]) -> dict[str, Any]:
    """Return the stack file that does what `compose` does without its profiles."""
    configs: dict[str, Any] = {}
    services = {
        name: _service(name, service, configs)
        for name, service in _divided(compose["services"]).items()
    }
    used = {name for service in services.values() for name in service.get("secrets", ())}
    return {
        "version": "3.9",
        "services": services,
        "networks": {"default": {"driver": "overlay", "attachable": True}},
        "volumes": {
            mount.partition(":")[0]: {}
            for service in services.values()
            for mount in service["volumes"]
            if isinstance(mount, str) and not mount.startswith("/")
        },
        "configs": configs,
        "secrets": {
            name: {**secret, "name": f"nearfield_{name}_${{SECRETS:-1}}"}
            for name, secret in compose["secrets"].items()
            if name in used
        },
    }


def _divided(services: dict[str, Service]) -> dict[str, Service]:
    """Return what always runs, with Nearfield in two and without the proxy of one host's engine."""
    always = {
        name: deepcopy(each)
        for name, each in services.items()
        if "profiles" not in each and name != "docker"
    }
    once, node = always["nearfield"], deepcopy(always["nearfield"])
    for each in (once, node):
        del each["networks"]
        # A swarm kills what is not healthy, and no database comes back by that.
        test = each["healthcheck"]["test"]
        each["healthcheck"]["test"] = [part.replace("/readyz", "/healthz") for part in test]
    once["command"] = ["run", "downloads", "fastly", *_SETTINGS]
    once["volumes"] = [each for each in once["volumes"] if not each.startswith(_HOST_FILES)]
    # An overlay network would lead to any node's proxy, so here each has its own node's socket.
    node["command"] = ["run", "containers", "deploys", "logs", *_SETTINGS]
    node["volumes"][0] = "nearfield-node:/var/lib/nearfield"
    node["volumes"].append("/var/run/docker.sock:/var/run/docker.sock:ro")
    node["environment"] = {"NEARFIELD_DOCKER__HOST": "unix:///var/run/docker.sock"}
    node["user"] = "10001:${DOCKER_GID:-999}"
    always["node-exporter"]["command"][1] = "--web.listen-address=:9100"
    always["node-exporter"]["healthcheck"]["test"][-1] = "http://127.0.0.1:9100/"
    return {**always, "nearfield-node": node}


def _service(name: str, service: Service, configs: dict[str, Any]) -> Service:
    made = {key: value for key, value in service.items() if key not in _NOT_IN_A_SWARM}
    mounts = service.get("volumes", [])
    files = [each for mount in mounts if mount.startswith("./") for each in _configs(mount)]
    configs.update({key: {"file": f"./{file}", "name": key} for key, file, _ in files})
    tmpfs = [each.partition(":")[0] for each in service.get("tmpfs", ())]
    tmpfs += ["/dev/shm"] if "shm_size" in service else []  # noqa: S108 - a mount of a container
    made["configs"] = [
        {"source": key, "target": target, "mode": 0o555 if file.suffix == ".sh" else 0o444}
        for key, file, target in files
    ]
    made["volumes"] = [each for each in mounts if not each.startswith("./")]
    made["deploy"] = _deploy(name, service, kept=any(each[0] != "/" for each in made["volumes"]))
    made["volumes"] += [{"type": "tmpfs", "target": target} for target in tmpfs]
    # Else it is the id of a container, another one after each update.
    made["hostname"] = "{{.Node.Hostname}}" if name in _ON_EVERY_NODE else name
    return made


def _configs(mount: str) -> list[tuple[str, Path, str]]:
    """Return key, file and target of each file of a mount; a new content makes a new key."""
    source, target, _ = mount.split(":")
    path = ROOT / source
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [
        (
            f"{file.name[:48]}-{hashlib.sha256(file.read_bytes()).hexdigest()[:10]}",
            file.relative_to(ROOT),
            f"{target}/{file.name}" if path.is_dir() else target,
        )
        for file in files
        if file.name not in _ONLY_HERE
    ]


def _deploy(name: str, service: Service, *, kept: bool) -> Service:
    """Return how a service is placed and replaced; two must not write to one volume (`kept`)."""
    everywhere = name in _ON_EVERY_NODE
    order = "stop-first" if kept or everywhere else "start-first"
    limits = {**service["deploy"]["resources"]["limits"], "pids": service["pids_limit"]}
    deploy: Service = {
        "mode": "global" if everywhere else "replicated",
        "resources": {"limits": limits},
        "restart_policy": {"condition": "any", "delay": "5s"},
        "update_config": {"order": order, "failure_action": "rollback", "monitor": "60s"},
        "rollback_config": {"order": order, "failure_action": "pause"},
    }
    if not everywhere:
        deploy["replicas"] = 1
    if kept and not everywhere:
        deploy["placement"] = {"constraints": ["node.labels.nearfield == home"]}
    return deploy


def main(out: Path) -> None:
    """Write the stack file."""
    compose = yaml.safe_load((ROOT / "compose.yml").read_text())
    text = yaml.dump(derived(compose), Dumper=_Plain, sort_keys=False, width=120)
    out.write_text(_HEAD + text)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "swarm.yml")
