"""`nearfield check`: every problem of the settings at once, and of the queries that users wrote."""

import sys
from collections.abc import Mapping
from pathlib import Path

from exporters import app
from exporters.core.errors import SettingsError
from exporters.core.web.live import LiveConfig
from exporters.downloads.check import check as check_downloads


async def run(file: Path | None, environ: Mapping[str, str]) -> None:
    """Print what would run; raise SettingsError with every problem that there is."""
    settings = app.read_settings(file, environ)
    names = app.configured(settings)
    problems = _web_problems(settings)
    # The embedded ledger is left alone: to check is not to start a server.
    ledger = app.ledger_of(settings) if settings.ledger.dsn else None
    found = await check_downloads(
        app.with_log_queries(settings),
        app.app_database(settings),
        ledger,
        others=app.kinds_besides_sql(),
    )
    problems += found.problems
    sys.stderr.writelines(f"nearfield: {note}\n" for note in found.notes)
    if problems:
        raise SettingsError(problems)
    sys.stdout.write(f"The settings are right. `nearfield run` would run: {', '.join(names)}\n")
    others = (kind.cure for name, kind in app.KINDS.items() if name not in names)
    sys.stdout.writelines(f"It could do more. {cure}\n" for cure in others)


def _web_problems(settings: app.Settings) -> list[str]:
    files = {
        "web.config_file": settings.web.config_file,
        "fastly.web_config_file": settings.fastly.web_config_file,
        "fastly.syslog.web_config_file": settings.fastly.syslog.web_config_file,
    }
    problems: list[str] = []
    for setting, file in files.items():
        try:
            LiveConfig.load(file)
        except SettingsError as error:
            problems += [f"{setting}: {problem}" for problem in error.problems]
    return problems
