"""`nearfield check`: every problem of the settings at once, and of the queries that users wrote."""

import sys
from collections.abc import Mapping
from pathlib import Path

from exporters import app
from exporters.core.errors import SettingsError


async def run(file: Path | None, environ: Mapping[str, str]) -> None:
    """Print what would run; raise SettingsError with every problem that there is."""
    settings = app.read_settings(file, environ)
    names = app.configured(settings)
    problems = await app.problems_at_work(settings)
    if problems:
        raise SettingsError(problems)
    sys.stdout.write(f"The settings are right. nearfield run would run: {', '.join(names)}\n")
