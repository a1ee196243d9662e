"""The command line: every command of `nearfield`, its arguments and its exit code."""

import argparse
import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from exporters import app, check, commands, dashboards_command, demo, fastly_command
from exporters.core import log
from exporters.core.errors import NearfieldError, SettingsError

DEFAULT_FILE = Path("nearfield.toml")
DONE, FAILED, WRONG_USAGE = 0, 1, 2


class _Parser(argparse.ArgumentParser):
    """Tells a wrong usage in one line, with the command that explains the right one."""

    def __init__(self, **options: Any) -> None:
        wide = partial(argparse.HelpFormatter, max_help_position=26)
        super().__init__(**{"formatter_class": wide, **options})

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed at work, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    log.configure("INFO" if options.command == "run" else "WARNING")
    try:
        _run(options.start(options))
    except SettingsError as error:
        sys.stderr.writelines(f"nearfield: {problem}\n" for problem in error.problems)
        return WRONG_USAGE
    except NearfieldError as error:
        sys.stderr.write(f"nearfield: {error}\n")
        return FAILED
    except KeyboardInterrupt:
        return FAILED
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="nearfield",
        description="Observability and business metrics for people who publish audio on a platform"
        " of their own.",
        epilog="New here? `nearfield demo` shows all of it on sample data, and leaves nothing"
        " behind. Every command explains itself: nearfield COMMAND --help.",
    )
    parser.add_argument("--version", action="version", version=f"nearfield {app.VERSION}")
    known = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(
        known.add_parser("run", help="read what the settings name, and serve it to Prometheus")
    )
    _add_demo(known.add_parser("demo", help="see everything at work on sample data"))
    _add_check(known.add_parser("check", help="find every mistake in the settings before you run"))
    commands.add_backfill(known.add_parser("backfill", help="count archived log files, each once"))
    commands.add_report(
        known.add_parser("report", help="downloads of each episode, as a table, JSON or CSV")
    )
    dashboards_command.add(
        known.add_parser("dashboards", help="write the Grafana dashboards, or upload them")
    )
    fastly_command.add(
        known.add_parser("fastly", help="have Fastly send its log lines to you"), DEFAULT_FILE
    )
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Read what the settings name and serve it to Prometheus, until SIGTERM or Ctrl-C. What"
        " cannot be reached is tried again and again; /readyz and the page at / say what and why."
        " SIGHUP reads the files of your own queries again."
    )
    parser.epilog = (
        "Examples: nearfield run; nearfield run downloads containers --config /etc/nearfield.toml"
    )
    parser.add_argument(
        "exporters",
        nargs="*",
        metavar="EXPORTER",
        help=f"any of {', '.join(app.KINDS)} (default: all that the settings configure)",
    )
    _add_config(parser)
    parser.set_defaults(start=_start_run)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "See everything at work in some 20 seconds: a PostgreSQL of its own with sample shows,"
        " listeners whose log lines come as Fastly sends them, every metric and the page at /."
        " Prometheus, Alertmanager, Grafana, Loki and the exporters of node, postgres and blackbox"
        " are started beside it where they are installed. Ctrl-C ends all of it and leaves nothing"
        " behind."
    )
    parser.epilog = "Examples: nearfield demo; nearfield demo --scenario calm --data-dir my-demo"
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="keep the data there, for the next time (default: a folder that goes at the end)",
    )
    parser.add_argument(
        "--once", action="store_true", help="exit with 0 once every exporter has served data"
    )
    parser.add_argument(
        "--scenario",
        choices=[each.value for each in demo.Scenario],
        default=demo.Scenario.FULL.value,
        help="a calm day, or one with outages every few minutes (default: full)",
    )
    parser.add_argument(
        "--slack-url-file",
        type=_there,
        metavar="FILE",
        help="file with the address of a Slack webhook, which alerts then go to",
    )
    parser.set_defaults(start=_start_demo)


def _start_demo(options: argparse.Namespace) -> Coroutine[Any, Any, None]:
    scenario = demo.Scenario(options.scenario)
    return demo.run(demo.Orders(options.data_dir, options.once, scenario, options.slack_url_file))


def _there(text: str) -> Path:
    file = Path(text)
    if not file.is_file():
        raise argparse.ArgumentTypeError("wants a file that is there")
    return file


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Read the settings as `run` would, and tell every mistake at once, one a line, without a"
        " secret in it. Each of your own queries is explained by its database, where that answers."
        " Nothing is started, and nothing is written."
    )
    _add_config(parser)
    parser.set_defaults(start=lambda o: check.run(_file(o.config), os.environ))


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the settings (default: {DEFAULT_FILE} in this folder, if there is one)",
    )


def _file(chosen: Path | None) -> Path | None:
    return chosen or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)


def _start_run(options: argparse.Namespace) -> Coroutine[Any, Any, None]:
    for name in options.exporters:
        if name not in app.KINDS:
            known = ", ".join(app.KINDS)
            raise SettingsError([f"{name}: no such exporter; there are: {known}"])
    settings = app.read_settings(_file(options.config), os.environ, options.exporters)
    return app.run(settings, options.exporters or app.configured(settings))


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run a command to its end on the fastest event loop that this platform has."""
    try:
        import uvloop  # noqa: PLC0415  it exists on Unix only
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(work)
    except BaseExceptionGroup as group:
        _, bugs = group.split(NearfieldError)
        if bugs:
            raise
        raise _first(group) from None


def _first(error: BaseException) -> BaseException:
    """Return the error that ended the work; what else is in its group followed from it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


if __name__ == "__main__":
    sys.exit(main())
