"""What is wrong with a setting, in one line that names it and says what is wanted."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from exporters.core.settings.model import secret_names, subsections
from exporters.core.settings.sources import PREFIX

_WANTED = {
    "missing": "is missing, and has no default",
    "string_type": "wants text in quotes",
    "path_type": "wants the path of a file or folder",
    "int_type": "wants a whole number",
    "int_parsing": "wants a whole number",
    "int_from_float": "wants a whole number",
    "float_type": "wants a number",
    "float_parsing": "wants a number",
    "finite_number": "wants a finite number",
    "bool_type": "wants true or false",
    "bool_parsing": "wants true or false",
    "list_type": "wants a list",
    "tuple_type": "wants a list",
    "dict_type": "wants a table of names and values",
    "model_type": "wants a table of settings",
    "model_attributes_type": "wants a table of settings",
    "greater_than": "wants a number over {gt:g}",
    "greater_than_equal": "wants a number of at least {ge:g}",
    "less_than": "wants a number under {lt:g}",
    "less_than_equal": "wants a number of at most {le:g}",
    "literal_error": "wants one of {expected}",
    "wants": "wants {what}",
}


def describe(model: type[BaseModel], error: ErrorDetails, variables: Collection[str]) -> str:
    """Return one line for one of pydantic's errors; it never quotes the value."""
    location = [str(part) for part in error["loc"]]
    if error["type"] == "extra_forbidden":
        return unknown(_path(location, variables), location[-1], _names(model, location[:-1]))
    return f"{_path(location, variables)}: {wanted(error)}"


def wanted(error: ErrorDetails) -> str:
    """Return what one of pydantic's errors wants in the place of a value that it does not quote."""
    context: dict[str, Any] = error.get("ctx") or {}
    text = _WANTED.get(error["type"])
    if error["type"] == "literal_error":
        context = {"expected": context["expected"].replace("'", '"')}
    return text.format(**context) if text else "is not valid: " + error["msg"].lower()


def unknown(path: str, name: str, names: Iterable[str]) -> str:
    """Return the line for a name that is no setting, with the nearest that is one."""
    return f"{path}: unknown setting{suggestion(name, names)}"


def suggestion(name: str, names: Iterable[str]) -> str:
    """Return a question after the nearest of the names, or nothing where none is near."""
    nearest = get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f'; did you mean "{nearest[0]}"?' if nearest else ""


def _path(location: list[str], variables: Collection[str]) -> str:
    """Return the dotted path, and the variable that set it where there is one."""
    variable = (PREFIX + "__".join(location)).upper()
    dotted = ".".join(part if part.isprintable() and len(part) < 80 else "…" for part in location)
    return f"{dotted} ({variable})" if variable in variables else dotted


def _names(model: type[BaseModel], location: list[str]) -> list[str]:
    """Return the settings that the table at `location` can have."""
    for part in location:
        model = subsections(model).get(part, model)
    return [*model.model_fields, *(f"{name}_file" for name in secret_names(model))]
