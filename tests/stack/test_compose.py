"""The rules of our own that compose.yml and the image follow."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.programs import program
from tests.stack.composed import ROOT, compose, services

SERVICES = sorted(services())
NEWER = r"^name: .*\n|^    (?:cgroup|uts): host.*\n"
"""What Debian's docker-compose is too old for."""


def each(name: str) -> dict[str, Any]:
    return services()[name]


def test_every_service_that_the_stack_needs_is_there() -> None:
    assert {
        *("nearfield", "docker", "ledger", "prometheus", "alertmanager", "loki", "grafana"),
        *("node-exporter", "postgres-exporter", "blackbox"),
    } == {name for name in SERVICES if "profiles" not in each(name)}


def test_a_profile_brings_what_it_is_for() -> None:
    brought: dict[str, set[str]] = {}
    for name in SERVICES:
        for profile in each(name).get("profiles", ()):
            brought.setdefault(profile, set()).add(name)
    assert brought == {
        "demo": {"app-db", "listeners", "noise-falls", "noise-talks", "noise-works"},
        "public": {"public"},
        "workers": {"worker-1", "worker-2"},
    }


def test_workers_receive_for_one_ledger_each_with_a_spool_of_its_own() -> None:
    for name in ("worker-1", "worker-2"):
        assert each(name)["command"][:2] == ["run", "fastly"]
        assert "ledger_dsn" in each(name)["secrets"]
        assert f"{name}:/var/lib/nearfield" in each(name)["volumes"]
        assert [port.rpartition(":")[2] for port in each(name)["ports"]] == ["9581"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_pinned_image(name: str) -> None:
    tag = each(name)["image"].rpartition(":")[2]
    assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?(-[\w.]+)?", tag)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_health_check_limits_and_rotated_logs(name: str) -> None:
    service = each(name)
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["pids_limit"] > 0
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_little_harm(name: str) -> None:
    service = each(name)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices"} & set(service)
    # The socket is root's: its proxy is root by name, without any of root's capabilities.
    assert (service["user"].split(":")[0] == "0") is (name == "docker")


@pytest.mark.parametrize("name", SERVICES)
def test_a_port_is_open_to_this_machine_only(name: str) -> None:
    for port in each(name).get("ports", ()):
        assert re.fullmatch(r"(127\.0\.0\.1|\$\{NEARFIELD_BIND:-127\.0\.0\.1\}):\d+:\d+", port)
    if each(name).get("network_mode") == "host":
        assert "--web.listen-address=${NEARFIELD_GATEWAY:-172.17.0.1}:9100" in each(name)["command"]


def test_no_two_services_want_the_same_port() -> None:
    ports = [port.rsplit(":", 1)[0] for name in SERVICES for port in each(name).get("ports", ())]
    assert len(ports) == len(set(ports))


def test_only_the_filtering_proxy_has_the_engine_s_socket() -> None:
    with_socket = {
        name: mount
        for name in SERVICES
        for mount in each(name).get("volumes", ())
        if "docker.sock" in mount
    }
    assert with_socket == {"docker": "/var/run/docker.sock:/var/run/docker.sock:ro"}
    assert compose()["networks"]["engine"]["internal"] is True
    assert {name for name in SERVICES if "engine" in each(name).get("networks", ())} == {
        *("docker", "nearfield")
    }


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_of_ours_is_there_and_cannot_be_changed(name: str) -> None:
    for mount in each(name).get("volumes", ()):
        source, _, mode = (*mount.split(":"), "")[:3]
        if source.startswith(("./", "/")):
            assert mode.split(",")[0] == "ro", mount
        else:
            assert source in compose()["volumes"]
        if source.startswith("./"):
            assert (ROOT / source).exists(), mount


def test_nothing_is_kept_but_in_named_volumes() -> None:
    used = [m.split(":")[0] for name in SERVICES for m in each(name).get("volumes", ())]
    named = [source for source in used if not source.startswith((".", "/"))]
    assert sorted(named) == sorted(compose()["volumes"]), "each by one service"


def test_a_secret_is_a_file_and_never_a_variable() -> None:
    made = re.findall(r"^for name in (.*?); do|put (\w+)$", _prepare(), re.DOTALL | re.MULTILINE)
    names = {word for pair in made for part in pair for word in part.replace("\\", " ").split()}
    assert set(compose()["secrets"]) == names, "stack/prepare makes each"
    for name in SERVICES:
        assert set(each(name).get("secrets", ())) <= names
        for variable, value in each(name).get("environment", {}).items():
            assert not re.search("PASS|TOKEN|SECRET|DSN", variable) or value.startswith("/run/")


def _prepare() -> str:
    return (ROOT / "stack" / "prepare").read_text()


def test_a_service_waits_for_the_health_of_what_it_needs() -> None:
    for name in SERVICES:
        for other, how in each(name).get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert (
                "profiles" not in each(other) or each(other)["profiles"] == each(name)["profiles"]
            )


def test_prometheus_keeps_400_days_with_a_limit_by_size() -> None:
    command = each("prometheus")["command"]
    assert "--storage.tsdb.retention.time=${NEARFIELD_RETENTION:-400d}" in command
    assert "--storage.tsdb.retention.size=${NEARFIELD_RETENTION_SIZE:-50GB}" in command


def test_every_page_that_slack_links_to_knows_its_address() -> None:
    for name, variable in (
        ("prometheus", "${NEARFIELD_PROMETHEUS_URL:-http://localhost:9090}"),
        ("alertmanager", "${NEARFIELD_ALERTMANAGER_URL:-http://localhost:9093}"),
    ):
        assert f"--web.external-url={variable}" in each(name)["command"]
    grafana = "${NEARFIELD_GRAFANA_URL:-http://localhost:3000}"
    assert each("grafana")["environment"]["GF_SERVER_ROOT_URL"] == grafana
    assert each("prometheus")["environment"]["NEARFIELD_GRAFANA_URL"] == grafana


def test_whoever_has_no_name_may_look_at_most() -> None:
    for name in ("grafana", "public"):
        environment = each(name)["environment"]
        assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
        assert environment["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert each("grafana")["environment"]["GF_AUTH_ANONYMOUS_ENABLED"].endswith(":-false}")


def test_what_may_be_set_is_told_at_the_head() -> None:
    head, rest = (ROOT / "compose.yml").read_text().split("\nname: ", 1)
    told = set(re.findall(r"NEARFIELD_\w+", head))
    assert set(re.findall(r"\$\{(\w+)", rest)) == told
    readme = (ROOT / "README.md").read_text()
    [chapter] = re.findall(r"^## On Docker\n(.*?)^## ", readme, re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"NEARFIELD_\w+", chapter)) <= told


def test_the_public_grafana_sees_neither_logs_nor_the_ledger() -> None:
    files = [mount.split(":")[0] for mount in each("public")["volumes"] if mount.startswith("./")]
    for folder in files:
        for file in (ROOT / folder).iterdir():
            asked = r'"?type"?: "?(loki|postgres)|(loki|ledger)_datasource|nearfield-(loki|ledger)'
            assert not re.search(asked, file.read_text()), file
    assert "reader_password" not in each("public")["secrets"]


def test_nearfield_sees_the_host_and_has_room_for_connections() -> None:
    nearfield = each("nearfield")
    assert nearfield["cgroup"] == nearfield["uts"] == "host"
    assert {"/proc:/host/proc:ro", "/sys/fs/cgroup:/host/cgroup:ro"} <= set(nearfield["volumes"])
    assert nearfield["ulimits"]["nofile"] == {"soft": 65536, "hard": 65536}


def test_the_image_is_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert each("nearfield")["image"] == f"nearfield:{version}"
    assert f"ARG VERSION={version}\n" in (ROOT / "Dockerfile").read_text()


def test_the_image_is_built_without_buildkit_and_runs_without_root() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert not re.search(r"--mount|--chmod|--link|<<|^# *syntax", text, re.MULTILINE)
    base = each("nearfield")["build"]["args"]["BASE"]
    assert f"ARG BASE={base.removeprefix('${NEARFIELD_BASE:-').removesuffix('}')}\n" in text
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["10001:10001"]
    assert "/readyz" in text[text.index("HEALTHCHECK") :]
    assert "-c constraints.txt dist/" in text
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in text


def test_the_build_is_given_what_it_copies_and_nothing_else() -> None:
    wanted = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    text = (ROOT / "Dockerfile").read_text()
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    assert wanted == {name for line in copies for name in line.split()}


def test_docker_compose_takes_it(tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    file.write_text(re.sub(NEWER, "", (ROOT / "compose.yml").read_text(), flags=re.MULTILINE))
    done = subprocess.run(
        [
            program("docker-compose", package="docker-compose"),
            *("--project-directory", str(ROOT), "-f", str(file), "config", "--quiet"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
