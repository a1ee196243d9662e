"""What the keys of any definition may hold: pure checks, each with what it wants in words."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,199}")


def wants(what: str) -> PydanticCustomError:
    """Return the error that is shown as `wants …`."""
    return PydanticCustomError("wants", "wants {what}", {"what": what})


def is_name(text: str) -> bool:
    """Return whether a metric or a label may be called so, in every format, unescaped."""
    return bool(_NAME.fullmatch(text))


def metric_flaw(name: str) -> str:
    """Return what a metric should be called instead, or nothing where the name will do."""
    if not is_name(name):
        return "a name of letters, digits and underscores, not beginning with a digit"
    if name.startswith("nearfield_"):
        return "a name without nearfield_: Nearfield's own metrics begin so"
    for ending in ("_bucket", "_count", "_sum", "_created", "_info"):
        if name.endswith(ending):
            return f"a name without the ending {ending}: other types of metrics own it"
    return ""


def label(value: object) -> str:
    """Return the name of a label; or raise what is shown as `wants …`."""
    if isinstance(value, str) and is_name(value) and not value.startswith("__") and value != "le":
        return value
    raise wants("a name of letters, digits and underscores; le and __ are reserved")


def _text(value: object) -> str:
    if isinstance(value, str) and (text := value.strip()):
        return text
    raise wants("text")


Label = Annotated[str, BeforeValidator(label)]
Text = Annotated[str, BeforeValidator(_text)]
Cap = Annotated[int, Field(ge=1, le=10_000_000)]
