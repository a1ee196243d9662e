"""What a section of the settings is made of: frozen models, paths from the file's folder."""

from pathlib import Path
from typing import Annotated, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError


def wants(what: str) -> PydanticCustomError:
    """Return the error of a validator, in words that go on after "wants"; they quote no value."""
    return PydanticCustomError("wants", "wants {what}", {"what": what})


class Section(BaseModel):
    """One table of the settings. Unknown keys are errors, values are frozen."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True
    )


def _from_folder(path: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / path


Location = Annotated[Path, AfterValidator(_from_folder)]
"""A path; a relative one starts at the folder of the settings file."""

Folder = Location
"""A `Location` that Nearfield makes itself where it is not there yet."""


def secret_names(section: type[BaseModel]) -> tuple[str, ...]:
    """Return the names of the fields that hold a secret, each of which `NAME_file` sets too."""
    return tuple(
        name
        for name, field in section.model_fields.items()
        if field.annotation is SecretStr or SecretStr in get_args(field.annotation)
    )


def subsections(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return the fields of a model that are tables themselves, with their models."""
    return {
        name: field.annotation
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }
