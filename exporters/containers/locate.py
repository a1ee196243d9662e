"""Where the kernel's files of a container are: cgroup v1 and v2, as cgroupfs and systemd lay them.

| | v1, for each controller | v2 |
| --- | --- | --- |
| cgroupfs | `memory/docker/ID` | `docker/ID` |
| systemd | `memory/system.slice/docker-ID.scope` | `system.slice/docker-ID.scope` |

`/proc/PID/cgroup` says it for any parent; where it cannot be read, or tells of another cgroup
namespace, the layouts above and the container's own `--cgroup-parent` are tried.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from exporters.docker.model import Container

V1_CONTROLLERS = ("cpuacct", "cpu", "memory", "blkio", "pids")
UNIFIED = ""
"""The one hierarchy of v2; on v1 the one beside the others, which tells of pressure alone."""

_OURSELVES = "0::/"
"""What v2 says of our own container where that has a cgroup namespace of its own, as by default."""


@dataclass(frozen=True, slots=True)
class Location:
    """The folders of a container's cgroup by controller, and that of its first process."""

    version: int
    folders: Mapping[str, Path]
    process: Path | None
    """None where the process id is no longer the container's."""


def version_of(root: Path) -> int:
    """Return 2 where the root is a unified hierarchy, else 1."""
    return 2 if (root / "cgroup.controllers").exists() else 1


def locate(container: Container, root: Path, proc: Path) -> Location | None:
    """Return where the files of a running container are, or None where they cannot be seen."""
    process = proc / str(container.pid)
    told = _told(process / "cgroup")
    ours = told is None or container.id in told or told.strip() == _OURSELVES
    paths = [*_paths_of(told or "", container.id), *_layouts(container)]
    version = version_of(root)
    hierarchies = {UNIFIED: root} if version == 2 else _v1_hierarchies(root)
    folders = {
        controller: folder
        for controller, hierarchy in hierarchies.items()
        if (folder := _first(hierarchy, controller, paths))
    }
    if not set(folders) - ({UNIFIED} if version == 1 else set()):
        return None
    return Location(version, folders, process if ours and process.is_dir() else None)


def _told(file: Path) -> str | None:
    try:
        return file.read_text()
    except (OSError, ValueError):
        return None


def _paths_of(told: str, key: str) -> Iterator[tuple[str | None, str]]:
    """The paths that `/proc/PID/cgroup` names, each with the controllers that it is for."""
    for line in told.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if key in path and ".." not in path.split("/"):
            yield controllers, path.strip("/")


def _layouts(container: Container) -> Iterator[tuple[str | None, str]]:
    key, parent = container.id, container.cgroup_parent.strip("/")
    if ".." in parent.split("/"):
        return
    if parent.endswith(".slice"):
        yield None, f"{_nested(parent)}/docker-{key}.scope"
    elif parent:
        yield None, f"{parent}/{key}"
    yield None, f"docker/{key}"
    yield None, f"system.slice/docker-{key}.scope"


def _nested(slice_name: str) -> str:
    """`a-b.slice` is inside `a.slice`, as systemd.slice(5) has it."""
    parts = slice_name.removesuffix(".slice").split("-")
    return "/".join("-".join(parts[: i + 1]) + ".slice" for i in range(len(parts)))


def _first(hierarchy: Path, controller: str, paths: list[tuple[str | None, str]]) -> Path | None:
    for controllers, path in paths:
        if controllers is None or controller in controllers.split(","):
            folder = hierarchy / path
            if folder.is_dir():
                return folder
    return None


def _v1_hierarchies(root: Path) -> dict[str, Path]:
    """The hierarchies by controller; several may share a folder named like `cpu,cpuacct`."""
    try:
        names = [entry.name for entry in root.iterdir()]
    except OSError:
        return {}
    found = {each: root / name for name in names for each in name.split(",")}
    hierarchies = {each: found[each] for each in V1_CONTROLLERS if each in found}
    return hierarchies | ({UNIFIED: found["unified"]} if "unified" in found else {})
