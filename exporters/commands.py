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
        " Interrupt it when you like; the same command goes on where it was."
    )
    parser.epilog = (
        "Example: nearfield backfill logs/ 's3://bucket/fastly/2025' --episodes episodes.csv"
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
        help="what is known of episodes, with a head line of podcast, episode, audio_bytes,"
        " duration_seconds, published_at",
    )
    parser.add_argument(
        "--format",
        default="auto",
        metavar="NAME",
        help="format of the lines (default: found out line by line)",
    )
    _add_history(parser)
    _add_ledger(parser)
    parser.set_defaults(start=_start_backfill)


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--openmetrics",
        type=Path,
        metavar="FILE",
        help="write their history there, and say the promtool command that gives it to Prometheus",
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a label for every series of --openmetrics, such as job=nearfield; may be repeated",
    )


def add_report(parser: argparse.ArgumentParser) -> None:
    """Say what `nearfield report` takes."""
    parser.description = (
        "Tell what each episode came to: downloads, listeners, bytes, files' worth of bytes, and"
        " requests. Days are those of UTC."
    )
    parser.epilog = "Example: nearfield report --from 2026-01-01 --to 2026-02-01 --format csv"
    parser.add_argument(
        "--from", dest="first", type=_day, required=True, metavar="DAY", help="the first day"
    )
    parser.add_argument(
        "--to", dest="end", type=_day, required=True, metavar="DAY", help="the day after the last"
    )
    parser.add_argument("--podcast", metavar="NAME", help="only this show (default: all)")
    parser.add_argument(
        "--format",
        choices=_FORMS,
        default=_FORMS[0],
        help=f"how to write it (default: {_FORMS[0]})",
    )
    _add_ledger(parser)
    parser.set_defaults(start=_start_report)


def _add_ledger(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="folder of an embedded ledger, in place of settings",
    )
    where.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the settings (default: {DEFAULT_FILE} in this folder, if there is one)",
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
