"""`nearfield fastly log-format` and `fastly setup`: how Fastly comes to send its lines."""

import argparse
import json
import os
import sys
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from exporters import app
from exporters.core.errors import SettingsError
from exporters.core.settings import load
from exporters.fastly.api import FastlyApi
from exporters.fastly.settings import FastlySettings
from exporters.fastly.setup import (
    NAME,
    Endpoint,
    Versions,
    header_value,
    look,
    perform,
    receiver_url,
    to_paste,
)

_LABELS = {
    "name": "Name",
    "url": "URL",
    "method": "Method",
    "content_type": "Content type",
    "header_name": "Custom header name",
    "header_value": "Custom header value",
    "json_format": "JSON log entry format",
    "message_type": "Select a log line format",
    "format_version": "Format version (API)",
    "request_max_entries": "Maximum logs",
    "request_max_bytes": "Maximum bytes",
}
"""What Fastly's control panel calls the fields of the API."""

_SHOWN = {"json_format": "Newline delimited", "message_type": "Blank"}


def add(parser: argparse.ArgumentParser, default: Path) -> None:
    """Add the commands to the parser of `nearfield fastly`; `default` is the settings' file."""
    parser.description = "Have Fastly send its log lines to your receiver."
    commands = parser.add_subparsers(dest="fastly_command", required=True, metavar="COMMAND")
    printing = commands.add_parser("log-format", help="print the log format and the settings")
    printing.description = "Print the log format, and the settings of the endpoint to paste."
    printing.add_argument("--json", action="store_true", help="as the fields of Fastly's API")
    _add_config(printing, default)
    printing.set_defaults(start=lambda o: _log_format(o, default))
    doing = commands.add_parser("setup", help="create or update the log endpoint by Fastly's API")
    _add_setup(doing, default)


def _add_setup(parser: argparse.ArgumentParser, default: Path) -> None:
    parser.description = (
        "Say what has to be done so that services send their log lines to your receiver, then do"
        " it in a new version of each. What serves stays as it is without --activate."
    )
    parser.add_argument("--url", required=True, help="address of your receiver, https://…")
    parser.add_argument(
        "--service",
        action="append",
        metavar="ID",
        help="a service, may be repeated (default: fastly.service_ids)",
    )
    parser.add_argument(
        "--api-token-file",
        type=Path,
        metavar="FILE",
        help="a token that may write the services (default: that of fastly.realtime)",
    )
    parser.add_argument("--name", default=NAME, help=f"name of the endpoint (default: {NAME})")
    parser.add_argument(
        "--activate", action="store_true", help="have the new version serve at once"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    _add_config(parser, default)
    parser.set_defaults(start=lambda o: _setup(o, default))


def _add_config(parser: argparse.ArgumentParser, default: Path) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the settings (default: {default} in this folder, if there is one)",
    )


def _settings(chosen: Path | None, default: Path) -> FastlySettings:
    """Return the table `[fastly]`; others are not looked into."""
    file = chosen or (default if default.is_file() else None)
    others = set(app.Settings.model_fields) - {"fastly"}
    return load(app.Settings, file, os.environ, unused=others).fastly


async def _log_format(options: argparse.Namespace, default: Path) -> None:
    form = to_paste(_settings(options.config, default).token_header)
    if options.json:
        sys.stdout.write(json.dumps(form, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _paper(form))


def _paper(form: Mapping[str, str]) -> Sequence[str]:
    """The format on the first line, so that a script can take it; then the fields for a person."""
    rows = ((label, _SHOWN.get(name, form[name])) for name, label in _LABELS.items())
    return (
        form["format"],
        "",
        "Logging endpoint HTTPS, with the line above as its log format and:",
        *(f"  {label:<25}{value}" for label, value in rows),
        "",
        "Fastly asks your receiver for /.well-known/fastly/logging/challenge first: name your",
        'services in fastly.service_ids, or "*" for any.',
    )


def _setup(options: argparse.Namespace, default: Path) -> Coroutine[Any, Any, None]:
    settings = _settings(options.config, default)
    problems: list[str] = []
    services = options.service or [each for each in settings.service_ids if each != "*"]
    if not services:
        problems.append("fastly.service_ids: wants the services to set up, or say --service ID")
    if not _first_token(settings):
        problems.append("fastly.token_file: wants the secret that Fastly is to send with its lines")
    api_token = _api_token(options.api_token_file, settings, problems)
    endpoint = _endpoint(options, settings, problems)
    if problems or endpoint is None:
        raise SettingsError(problems)
    api = FastlyApi(
        settings.realtime.api_url,
        api_token,
        cure="it wants the right to write the configuration of the services",
        secrets=[SecretStr(_first_token(settings))],
    )
    return _run(api, services, endpoint, activate=options.activate, dry=options.dry_run)


def _endpoint(
    options: argparse.Namespace, settings: FastlySettings, problems: list[str]
) -> Endpoint | None:
    try:
        url = receiver_url(options.url)
    except SettingsError as error:
        problems += error.problems
        return None
    if not options.name.strip() or not options.name.isprintable() or len(options.name) > 200:
        problems.append("--name: wants a name on one line")
    value = header_value(settings.token_header, _first_token(settings))
    return Endpoint(options.name, url, settings.token_header, SecretStr(value))


def _first_token(settings: FastlySettings) -> str:
    """Return the first of the receiver's tokens: the others are those that are on their way out."""
    lines = settings.token.get_secret_value().splitlines() if settings.token else []
    return next((line.strip() for line in lines if line.strip()), "")


def _api_token(file: Path | None, settings: FastlySettings, problems: list[str]) -> SecretStr:
    """Return the token of the API; what is wrong with its file is told without its content."""
    if file is None:
        if settings.realtime.token:
            return settings.realtime.token
        problems.append("--api-token-file: wants a file with a token of Fastly's API")
        return SecretStr("")
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        problems.append("--api-token-file: the file cannot be read")
        return SecretStr("")
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        problems.append("--api-token-file: wants a file with one token, on a line of its own")
    return SecretStr(text)


async def _run(
    api: FastlyApi, services: Sequence[str], endpoint: Endpoint, *, activate: bool, dry: bool
) -> None:
    """Say all that will be done before the first of it is done."""
    async with api:
        each = [(name, Versions(api, name)) for name in dict.fromkeys(services)]
        plans = [
            (versions, await look(versions, name, endpoint, activate=activate))
            for name, versions in each
        ]
        for _, steps in plans:
            sys.stdout.writelines(f"{line}\n" for line in steps.lines(endpoint))
        sys.stdout.flush()
        for versions, steps in [] if dry else plans:
            await perform(versions, steps, endpoint, _say)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
