"""`nearfield dashboards`: build writes what is shown in Grafana, push brings it there."""

import argparse
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from exporters.core.errors import SettingsError, StartError

FOLDER, FOLDER_TITLE = "nearfield", "Nearfield"


def add(parser: argparse.ArgumentParser) -> None:
    """Give the command its own commands."""
    parser.description = "Write the Grafana dashboards, or bring them into a Grafana."
    commands = parser.add_subparsers(dest="work", required=True, metavar="COMMAND")
    _add_build(commands.add_parser("build", help="write the dashboards' JSON from their sources"))
    _add_push(commands.add_parser("push", help="upload the dashboards to a Grafana"))


def _add_build(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write the JSON that Grafana reads, from the dashboards' sources."
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 where files are not up to date"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="the folder to write to (default: dashboards/generated)",
    )
    parser.set_defaults(start=lambda o: build(o.out, check=o.check))


def _add_push(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Upload the dashboards to a Grafana, and leave alone those that are as they should be."
    )
    parser.epilog = (
        "Example: nearfield dashboards push --url https://grafana.example --token-file token"
        " --dry-run"
    )
    parser.add_argument("--url", required=True, help="address of your Grafana")
    parser.add_argument(
        "--token-file",
        required=True,
        type=Path,
        metavar="FILE",
        help="file with the token of a service account that may write dashboards",
    )
    parser.add_argument(
        "--folder",
        default=FOLDER,
        metavar="UID",
        help=f"uid of the folder that they go into (default: {FOLDER})",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would change")
    parser.set_defaults(start=_start_push)


def _start_push(options: argparse.Namespace) -> Coroutine[Any, Any, None]:
    try:
        token = options.token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"--token-file: cannot be read: {error}"]) from error
    return push(options.url, token, options.folder, dry_run=options.dry_run)


async def build(folder: Path | None, *, check: bool) -> None:
    """Write the dashboards' JSON, or with `check` raise StartError where it is not up to date."""
    from dashboards import build as sources  # noqa: PLC0415  grafanalib, for this command alone

    folder = folder or sources.GENERATED
    if check:
        if drift := sources.drift(folder):
            raise StartError(
                f"not as their sources have them: {', '.join(drift)};"
                " run: nearfield dashboards build"
            )
        return
    try:
        changed = sources.write(folder)
    except OSError as error:
        raise StartError(f"cannot write dashboards: {error}; name a folder by --out") from error
    sys.stdout.write(f"{len(changed)} dashboards changed in {folder}\n")


async def push(url: str, token: str, folder: str, *, dry_run: bool) -> None:
    """Upload the dashboards that were built, and tell of each what became of it."""
    from dashboards.build import shipped  # noqa: PLC0415  as above
    from dashboards.grafana import grafana  # noqa: PLC0415

    async with grafana(url, token) as there:
        changes = await there.push(list(shipped()), folder, FOLDER_TITLE, dry_run=dry_run)
    would = "would be " if dry_run else ""
    for change in changes:
        sys.stdout.write(f"{would}{change.what:8} {change.uid:24} {change.title}\n")
