"""From files and variables to frozen settings, or to every problem at once."""

import copy
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from exporters.core.errors import SettingsError
from exporters.core.settings.model import subsections
from exporters.core.settings.problems import describe, unknown
from exporters.core.settings.sources import (
    PREFIX,
    Table,
    overlay,
    read_environment,
    read_secrets,
    read_toml,
)

M = TypeVar("M", bound=BaseModel)


def load(
    model: type[M],
    file: Path | None,
    environ: Mapping[str, str],
    *,
    unused: Collection[str] = (),
) -> M:
    """Return the settings of a TOML file with the environment over it.

    Sections in `unused` are not looked into: they keep their defaults. Raises SettingsError with
    one line for each problem: the path of the setting, and what is wanted.
    """
    problems: list[str] = []
    data = read_toml(file, problems) if file else {}
    problems += _unknown_variables(model, environ)
    data = overlay(copy.deepcopy(data), read_environment(model, environ))
    for section in unused:
        data.pop(section, None)
    folder = file.absolute().parent if file else Path.cwd()
    read_secrets(model, data, folder, problems)
    settings = _validate(model, data, folder, problems, environ)
    if problems or settings is None:
        raise SettingsError(list(dict.fromkeys(problems)))
    return settings


def _validate(
    model: type[M], data: Table, folder: Path, problems: list[str], environ: Mapping[str, str]
) -> M | None:
    try:
        return model.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        variables = {name.upper() for name, value in environ.items() if value}
        problems += (describe(model, found, variables) for found in error.errors())
        return None


def _unknown_variables(model: type[BaseModel], environ: Mapping[str, str]) -> list[str]:
    """Find `NEARFIELD_<SECTION>__…` variables of no section, and near misses of plain settings."""
    sections = subsections(model)
    plain = [f"{PREFIX}{name}".upper() for name in model.model_fields if name not in sections]
    problems = []
    for variable in (name.upper() for name, value in environ.items() if value):
        section, nested, _ = variable.removeprefix(PREFIX).partition("__")
        if not variable.startswith(PREFIX) or (section.lower() in sections and nested):
            continue
        if nested:
            problems.append(unknown(variable, section.lower(), sections))
        elif variable not in plain and get_close_matches(variable, plain, cutoff=0.85):
            problems.append(unknown(variable, variable, plain))
    return problems
