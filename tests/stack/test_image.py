"""The image, really built by an engine on a base of its own, and really run: a soak test."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
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


@pytest.fixture(scope="module")
def image(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build it on a Debian that knows this machine's certificates and settings of pip."""
    debootstrap = program("debootstrap", package="debootstrap")
    docker = ("docker", "-H", docker_engine.host)
    root = tmp_path_factory.mktemp("base") / "root"
    run(debootstrap, "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root))
    for file in (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pip.conf")):
        if file.exists():
            shutil.copy(file, root / file.relative_to("/"))
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
    """Run the image as compose.yml does, in the host's network; yield the address of its page."""
    port = free_port()
    engine(
        *("run", "-d", "--name=nearfield", "--network=host", "--read-only", "--cap-drop=ALL"),
        *("--security-opt=no-new-privileges:true", "--tmpfs=/tmp"),
        *("-v=/proc:/host/proc:ro", "-v=/sys/fs/cgroup:/host/cgroup:ro"),
        *(f"--env=NEARFIELD_WEB__LISTEN=127.0.0.1:{port}", "--env=NEARFIELD_CONTAINERS__LABELS=x"),
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


def deployed(engine: Engine, folder: Path, port: int) -> Path:
    """Write the stack file for an engine that has no networks but the host's."""
    stack = script("swarm").derived(compose())
    node = stack["services"]["nearfield-node"]
    socket = f"{engine.socket}:/var/run/docker.sock:ro"
    node["volumes"] = [socket if "docker.sock" in str(each) else each for each in node["volumes"]]
    node["image"], node["user"] = IMAGE, f"10001:{engine.socket.stat().st_gid}"
    node["environment"]["NEARFIELD_WEB__LISTEN"] = f"127.0.0.1:{port}"
    del node["ulimits"]  # a machine for tests may not allow as many
    # Whom it would talk to is not there: it runs all the same, and is not ready.
    node["healthcheck"] = {"disable": True}
    stack["services"] = {"nearfield-node": node}
    stack["networks"] = {"default": {"external": True, "name": "host"}}
    stack["volumes"] = {"nearfield-node": {}}
    files = {each["source"] for each in node["configs"]}
    stack["configs"] = {
        name: {**config, "file": str(ROOT / config["file"])}
        for name, config in stack["configs"].items()
        if name in files
    }
    for name in node["secrets"]:
        (folder / name).write_text(
            "host=127.0.0.1 port=1" if "dsn" in name else "https://x.invalid"
        )
    stack["secrets"] = {name: {"file": str(folder / name)} for name in node["secrets"]}
    file = folder / "swarm.yml"
    file.write_text(yaml.safe_dump(stack))
    return file


def test_a_swarm_runs_nearfield_s_part_of_the_stack_file(
    image: str, docker_engine: Engine, tmp_path: Path
) -> None:
    assert image
    docker_engine("swarm", "init", "--advertise-addr=127.0.0.1", "--listen-addr=127.0.0.1:0")
    try:
        port = free_port()
        file = deployed(docker_engine, tmp_path, port)
        docker_engine("stack", "deploy", "--resolve-image=never", "-c", str(file), "nearfield")
        page = f"http://127.0.0.1:{port}/metrics"
        itself = r'^container_last_seen\{[^}]*service="nearfield-node",stack="nearfield"'
        until(
            lambda: re.search(itself, get(page)[1], re.MULTILINE),
            "the node's Nearfield sees itself",
            120,
        )
    finally:
        docker_engine("swarm", "leave", "--force")
