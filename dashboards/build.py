"""Dashboards from their sources to the JSON that is committed and shipped."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
GENERATED = HERE / "generated"
_SUFFIX = ".dashboard.py"


def render(source: Path) -> str:
    """Return the JSON of the variable `dashboard` in a file, as grafanalib writes it."""
    name = f"dashboards_{source.name.removesuffix(_SUFFIX)}"
    spec = importlib.util.spec_from_file_location(name, source)
    if spec is None or spec.loader is None:
        raise ValueError(f"{source}: no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    data = module.dashboard.to_json_data()
    return json.dumps(data, sort_keys=True, indent=2, ensure_ascii=True) + "\n"


def wanted() -> dict[str, str]:
    """Return every dashboard's JSON by the name of its file."""
    sources = sorted(HERE.glob(f"*{_SUFFIX}"))
    return {source.name.removesuffix(_SUFFIX) + ".json": render(source) for source in sources}


def drift(folder: Path) -> list[str]:
    """Return what is not in the folder as the sources have it: missing, other, or left over."""
    files = wanted()
    present = {path.name: path.read_text() for path in folder.glob("*.json")}
    return sorted(name for name in files.keys() | present if files.get(name) != present.get(name))


def write(folder: Path) -> list[str]:
    """Make the folder as the sources have it, and return the names of the files that changed."""
    files, changed = wanted(), drift(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in files:
            (folder / name).write_text(files[name])
        else:
            (folder / name).unlink()
    return changed


def shipped() -> Iterator[dict[str, Any]]:
    """Yield the dashboards that were built, each as Grafana takes it."""
    for path in sorted(GENERATED.glob("*.json")):
        yield json.loads(path.read_text())
