"""The commands `backfill` and `report`: their arguments, and what they start."""

import argparse
import os
from collections.abc import Coroutine
from datetime import date
from pathlib import Path
from typing import Any

from exporters.core import log

DEFAULT_FILE = Path("nearfield.toml")
_FORMS = ("table", "json", "csv")


def add_backfill(parser: argparse.ArgumentParser) -> None:
    """Say what `nearfield backfill` takes."""
    parser.description = (
        "Count archived log files, each once: by its content, whatever its name and compression."
        " Ends at any time and goes on with the same command."
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="files, folders, globs, or s3://bucket/prefix; .gz and .zst are read as they are",
    )
    parser.add_argument(
        "--episodes",
        type=Path,
        metavar="CSV",
        help="what is known of episodes: podcast,episode,audio_bytes,duration_seconds,published_at",
    )
    parser.add_argument(
        "--format", default="auto", help="format of the lines (default: found out line by line)"
    )
    parser.add_argument(
        "--openmetrics", type=Path, metavar="FILE", help="write their history for promtool there"
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="give it to every series of --openmetrics; may be repeated",
    )
    _add_ledger(parser)
    parser.set_defaults(start=_start_backfill)


def add_report(parser: argparse.ArgumentParser) -> None:
    """Say what `nearfield report` takes."""
    parser.description = "Tell downloads, listeners, bytes and requests of each episode."
    parser.add_argument(
        "--from", dest="first", type=_day, required=True, metavar="DAY", help="first UTC day"
    )
    parser.add_argument(
        "--to", dest="end", type=_day, required=True, metavar="DAY", help="first day left out"
    )
    parser.add_argument("--podcast", help="only this one (default: all)")
    parser.add_argument("--format", choices=_FORMS, default=_FORMS[0], help=f"default: {_FORMS[0]}")
    _add_ledger(parser)
    parser.set_defaults(start=_start_report)


def _add_ledger(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--data-dir", type=Path, help="folder of the embedded ledger, with default settings"
    )
    where.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"settings in TOML (default: {DEFAULT_FILE} where it is there)",
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("wants a day such as 2026-10-09") from None


def _file(options: argparse.Namespace) -> Path | None:
    """Return the settings file: the one that is named, or else the usual one."""
    if options.config or options.data_dir:
        file: Path | None = options.config
        return file
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def _start_backfill(options: argparse.Namespace) -> Coroutine[Any, Any, None]:
    # DuckDB and S3's client take memory that other commands have no use for.
    from exporters import backfill  # noqa: PLC0415

    log.configure("ERROR")  # what fails is told by the command itself
    orders = backfill.Orders(
        options.paths, options.episodes, options.format, options.openmetrics, options.label
    )
    return backfill.run(orders, _file(options), options.data_dir, os.environ)


def _start_report(options: argparse.Namespace) -> Coroutine[Any, Any, None]:
    from exporters import report  # noqa: PLC0415

    log.configure("ERROR")
    question = report.Question(options.first, options.end, options.podcast, options.format)
    return report.run(question, _file(options), options.data_dir, os.environ)
