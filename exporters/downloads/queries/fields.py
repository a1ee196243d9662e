"""What the keys of an SQL definition may hold, besides what those of any may."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from exporters.core.quantities import Duration
from exporters.core.settings import wants
from exporters.downloads.queries.versions import Range, parse_range

_COMMENTS = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/)*")
_READS = re.compile(r"(?:select|with|values|table)\b", re.IGNORECASE)


def _sql(value: object) -> str:
    if isinstance(value, str):
        # Its own pattern for each: together they could be tried in more ways than there is time.
        comments = _COMMENTS.match(value)
        if comments and _READS.match(value, comments.end()):
            return value
    raise wants("one SELECT (WITH, VALUES and TABLE will do): nothing else only reads")


def _at_least_a_second(value: float) -> float:
    if value < 1:
        raise wants("at least 1s")
    return value


def _range(value: object) -> Range:
    found = parse_range(value) if isinstance(value, str) else value
    if not isinstance(found, Range):
        raise wants("versions of PostgreSQL, such as >=14.0.0 <17.0.0")
    return found


Sql = Annotated[str, BeforeValidator(_sql)]
Interval = Annotated[Duration, AfterValidator(_at_least_a_second)]
ServerRange = Annotated[Range, BeforeValidator(_range)]
