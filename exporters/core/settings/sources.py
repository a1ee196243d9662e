"""Where settings come from: the TOML file, the environment, and the files that hold secrets."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from exporters.core.settings.model import secret_names, subsections

PREFIX = "NEARFIELD_"
Table = dict[str, Any]
_LARGEST_SECRET = 64 * 1024


def read_toml(file: Path, problems: list[str]) -> Table:
    """Return the tables of a settings file; what is wrong with it goes to `problems`."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{file}: cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{file}: is not UTF-8 text")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{file}: is not TOML: {_without_values(error)}")
    except RecursionError:
        problems.append(f"{file}: is not TOML that anybody can read: nested too deeply")
    return {}


def _without_values(error: tomllib.TOMLDecodeError) -> str:
    # tomllib's messages may quote keys; only the place is kept, since a key may be a pasted secret.
    text = str(error)
    place = text.rpartition("(")[2].rstrip(")") if text.endswith(")") else "somewhere"
    return f"look {place}"


class _Environment(EnvSettingsSource):
    """The `NEARFIELD_…` variables of a given mapping; lists as JSON or split at commas."""

    def __init__(self, model: type[BaseSettings], environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(
            model,
            env_prefix=PREFIX,
            env_nested_delimiter="__",
            env_ignore_empty=True,
            case_sensitive=False,
        )

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environ.items() if value}

    def decode_complex_value(self, _name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            if not _is_list(field.annotation):  # an address is complex, too, and stays text
                return value
            return [part.strip() for part in str(value).split(",")]


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in {Union, UnionType, Annotated}:
        return any(_is_list(part) for part in get_args(annotation))
    return origin in {list, tuple}


def read_environment(model: type[BaseModel], environ: Mapping[str, str]) -> Table:
    """Return what the `NEARFIELD_…` variables set, nested like the file's tables."""
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in model.model_fields.items()
    }
    return _Environment(create_model("Names", __base__=BaseSettings, **fields), environ)()


def overlay(base: Table, above: Table) -> Table:
    """Return `base` with `above` over it; `x` above takes the place of `x_file`, and back."""
    merged = dict(base)
    for key, value in above.items():
        merged.pop(key.removesuffix("_file") if key.endswith("_file") else f"{key}_file", None)
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = overlay(below, value) if both else value  # type: ignore[arg-type]
    return merged


def read_secrets(
    model: type[BaseModel], data: Table, folder: Path, problems: list[str], path: str = ""
) -> None:
    """Put the content of each secret's `NAME_file` in the place of `NAME`, in every section."""
    for name in secret_names(model):
        if f"{name}_file" in data:
            where = f"{path}{name}_file"
            content = _read_secret(where, data.pop(f"{name}_file"), folder, problems)
            if name in data:
                problems.append(f"{where}: set either this or {name}, not both")
            data[name] = content
    for name, section in subsections(model).items():
        if isinstance(data.get(name), dict):
            read_secrets(section, data[name], folder, problems, f"{path}{name}.")


def _read_secret(where: str, value: object, folder: Path, problems: list[str]) -> str:
    """Return the content without its last line end; a placeholder where there is a problem."""
    if not isinstance(value, str) or not value or "\0" in value:
        problems.append(f"{where}: wants the path of a file")
        return ""
    try:
        with (folder / value).open("rb") as file:
            content = file.read(_LARGEST_SECRET + 1)
        if len(content) > _LARGEST_SECRET:
            problems.append(f"{where}: wants a file under 64 KiB")
        return content[:_LARGEST_SECRET].decode().rstrip("\r\n")
    except OSError as error:
        problems.append(f"{where}: the file cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{where}: wants a file of UTF-8 text")
    return ""
