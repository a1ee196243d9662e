"""The image, really built by an engine on a base of its own, and really run: a soak test."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.docker.engine import Engine
from tests.e2e.processes import free_port, get, until
from tests.programs import program
from tests.stack.composed import ROOT, compose, script

BASE, IMAGE = "base:test", "nearfield:test"
PACKAGES = "python3,python3-venv,ca-certificates"

pytestmark = [pytest.mark.soak, pytest.mark.long, pytest.mark.timeout(3600)]


def run(*command: str, **environ: str) -> str:
    """Run what takes its time to its good end, and return what it said."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
        env={**os.environ, **environ},
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def pip_settings() -> str:
    """Return what pip is told on this machine, by files or the environment, as one file."""
    said = run(sys.executable, "-m", "pip", "config", "list")
    found = re.findall(r"^(?:global|:env:)\.([\w-]+)='(.*)'$", said, re.MULTILINE)
    return "[global]\n" + "".join(f"{key} = {value}\n" for key, value in dict(found).items())


@pytest.fixture(scope="module")
def image(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build it on a Debian that knows this machine's certificates and settings of pip."""
    debootstrap = program("debootstrap", package="debootstrap")
    docker = ("docker", "-H", docker_engine.host)
    root = tmp_path_factory.mktemp("base") / "root"
    run(debootstrap, "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root))
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs")
    (root / "etc/pip.conf").write_text(pip_settings())
    tar = root.parent / "base.tar"
    run("tar", "-C", str(root), "-cf", str(tar), ".")
    shutil.rmtree(root)
    run(*docker, "import", str(tar), BASE)
    tar.unlink()
    arguments = ("--network=host", f"--build-arg=BASE={BASE}", "--build-arg=REVISION=abc")
    run(*docker, "build", *arguments, "-t", IMAGE, str(ROOT), DOCKER_BUILDKIT="0")
    return IMAGE


@contextmanager
def locked_down(engine: Engine, *command: str) -> Iterator[str]:
    """Run the image as compose.yml does, in the host's network; yield the address of its page.

    Of what it would ask nothing is there.
    """
    port = free_port()
    engine(
        *("run", "-d", "--name=nearfield", "--network=host", "--read-only", "--cap-drop=ALL"),
        *("--security-opt=no-new-privileges:true", "--tmpfs=/tmp"),
        *("-v=/proc:/host/proc:ro", "-v=/sys/fs/cgroup:/host/cgroup:ro"),
        f"--env=NEARFIELD_WEB__LISTEN=127.0.0.1:{port}",
        "--env=NEARFIELD_LEDGER__DSN=host=127.0.0.1 port=1",  # down, which never stops a start
        *(IMAGE, *command),
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        engine("rm", "-f", "nearfield")


def inside(engine: Engine, program: str, text: str) -> str:
    """Return what a shell or Python says in the image."""
    return engine("run", "--rm", "--network=none", f"--entrypoint={program}", IMAGE, "-c", text)


def test_the_image_says_what_it_is_and_has_no_root_and_no_tools(
    image: str, docker_engine: Engine
) -> None:
    [about] = json.loads(docker_engine("image", "inspect", image))
    assert about["Config"]["User"] == "10001:10001"
    assert about["Config"]["Labels"]["org.opencontainers.image.revision"] == "abc"
    assert "/readyz" in " ".join(about["Config"]["Healthcheck"]["Test"])
    tools = 'for tool in pip pip3 gcc make curl; do command -v "$tool" && exit 1; done; id -u'
    assert inside(docker_engine, "sh", tools) == "10001"


def test_the_image_has_the_versions_of_the_constraints(image: str, docker_engine: Engine) -> None:
    assert image
    names = "print(*(f'{each.name}=={each.version}' for each in distributions()))"
    said = inside(docker_engine, "python", f"from importlib.metadata import distributions; {names}")
    pinned = {_normal(line) for line in (ROOT / "constraints.txt").read_text().split()}
    others = {_normal(each) for each in said.split()} - pinned
    assert {each.partition("==")[0] for each in others} == {"nearfield"}


def _normal(pin: str) -> str:
    return re.sub(r"[-_.]+(?=.*==)", "-", pin.lower())


def test_the_image_runs_read_only_and_is_scraped(image: str, docker_engine: Engine) -> None:
    assert image
    with locked_down(docker_engine, "run", "containers") as url:
        until(lambda: get(f"{url}/healthz")[0] == 200, "it answers", 120)
        page = get(f"{url}/metrics")[1]
        assert re.search(r"^nearfield_build_info\{", page, re.MULTILINE)
        docker_engine("stop", "--time=20", "nearfield")
        [state] = json.loads(docker_engine("inspect", "nearfield"))
        assert state["State"]["ExitCode"] == 0


def deployed(engine: Engine, folder: Path, ports: dict[str, int]) -> Path:
    """Write Nearfield's part of the stack file for an engine that has the host's network only."""
    stack = script("swarm").derived(compose())
    ours = {name: stack["services"][name] for name in ports}
    for name, service in ours.items():
        service["image"], service["user"] = IMAGE, f"10001:{engine.socket.stat().st_gid}"
        service["volumes"] = [
            f"{engine.socket}:/var/run/docker.sock:ro" if "docker.sock" in str(each) else each
            for each in service["volumes"]
        ]
        environ = service.setdefault("environment", {})
        environ["NEARFIELD_WEB__LISTEN"] = f"127.0.0.1:{ports[name]}"
        environ["NEARFIELD_FASTLY__LISTEN"] = f"127.0.0.1:{free_port()}"
        del service["ulimits"]  # a machine for tests may not allow as many
        # It would ask at a port that is another here. Whom Nearfield would talk to is not there.
        service["healthcheck"] = {"disable": True}
    configs = {each["source"] for service in ours.values() for each in service["configs"]}
    secrets = {name for service in ours.values() for name in service["secrets"]}
    for name in secrets:
        (folder / name).write_text(
            "host=127.0.0.1 port=1" if "dsn" in name else "https://x.invalid"
        )
    stack |= {
        "services": ours,
        "networks": {"default": {"external": True, "name": "host"}},
        "volumes": {name: {} for name in ours},
        "configs": {
            name: {**config, "file": str(ROOT / config["file"])}
            for name, config in stack["configs"].items()
            if name in configs
        },
        "secrets": {name: {"file": str(folder / name)} for name in secrets},
    }
    file = folder / "swarm.yml"
    file.write_text(yaml.safe_dump(stack))
    return file


def answers(port: int) -> bool:
    return get(f"http://127.0.0.1:{port}/healthz")[0] == 200


def seen(name: str, port: int) -> bool:
    """Tell whether a service is among the containers that somebody watches."""
    series = rf'^container_last_seen\{{[^}}]*service="{name}",stack="nearfield"'
    return bool(re.search(series, get(f"http://127.0.0.1:{port}/metrics")[1], re.MULTILINE))


@pytest.fixture
def swarm(docker_engine: Engine) -> Iterator[Engine]:
    """The engine as the one node of a swarm, which keeps the volumes."""
    docker_engine("swarm", "init", "--advertise-addr=127.0.0.1", "--listen-addr=127.0.0.1:0")
    try:
        node = docker_engine("node", "ls", "--quiet")
        docker_engine("node", "update", "--label-add=nearfield=home", node)
        yield docker_engine
    finally:
        docker_engine("swarm", "leave", "--force")


def test_a_swarm_takes_the_whole_stack_file(swarm: Engine, tmp_path: Path) -> None:
    for name in compose()["secrets"]:
        (tmp_path / name).write_text("a secret")
    file = tmp_path / "swarm.yml"
    script("swarm").main(file)
    text = file.read_text().replace("./stack/secrets", str(tmp_path))
    text = re.sub(r"(?<=image: )\S+", "nowhere.invalid/none:1", text)  # so that none is fetched
    file.write_text(text.replace("file: ./", f"file: {ROOT}/"))
    swarm("stack", "deploy", "--resolve-image=never", "-c", str(file), "whole")
    there = set(swarm("stack", "services", "--format={{.Name}}", "whole").split())
    assert there == {f"whole_{name}" for name in yaml.safe_load(text)["services"]}
    swarm("stack", "rm", "whole")


def test_a_swarm_runs_nearfield_s_part_of_the_stack_file(
    image: str, swarm: Engine, tmp_path: Path
) -> None:
    assert image
    ports = {"nearfield": free_port(), "nearfield-node": free_port()}
    file = deployed(swarm, tmp_path, ports)
    swarm("stack", "deploy", "--resolve-image=never", "-c", str(file), "nearfield")
    for name, port in ports.items():
        until(partial(answers, port), f"{name} runs", 120)
        until(partial(seen, name, ports["nearfield-node"]), f"the node's sees {name}", 120)
