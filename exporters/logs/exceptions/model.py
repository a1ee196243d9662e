"""What an exception is once all that varies is taken out of it, and what names it."""

import re
from dataclasses import dataclass
from hashlib import blake2b

_LONGEST_TYPE = 120
_LONGEST_MESSAGE = 300
_LONGEST_PLACE = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception as a line told it: equal for the same mistake in the same place."""

    type: str
    message: str
    """Masked, see `masking`; may be empty."""
    place: str
    """File and function of the innermost own frame, without the line number; may be empty."""

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of type, message and place."""
        words = f"{self.type}\0{self.message}\0{self.place}"
        return blake2b(words.encode("utf-8", "replace"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a call was: `own` where the code is no library's."""

    place: str
    own: bool


def raised(kind: str, message: str, frames: list[Frame]) -> Raised:
    """Return the exception; `frames` are innermost first, `message` is masked already."""
    place = next((frame.place for frame in frames if frame.own), None)
    if place is None:
        place = frames[0].place if frames else ""
    return Raised(
        _clean(kind, _LONGEST_TYPE),
        _clean(message, _LONGEST_MESSAGE),
        _clean(place, _LONGEST_PLACE),
    )


def short(path: str) -> str:
    """Return the last three parts of a path; versions and release names in folders say `<n>`."""
    *folders, file = path.replace("\\", "/").split("/")[-3:]
    return "/".join((*(_NUMBER.sub("<n>", folder) for folder in folders), file))


def _clean(text: str, longest: int) -> str:
    text = _CONTROL.sub(" ", text).strip()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
