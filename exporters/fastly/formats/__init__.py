"""Log formats: what each calls the facts of a request, and how to ask Fastly for ours."""

from exporters.fastly.formats.known import AUTO, FORMATS, OWN
from exporters.fastly.formats.model import FIELDS, Format, merged
from exporters.fastly.formats.own import log_format
from exporters.fastly.formats.sql import line_rows, object_rows, text_rows

__all__ = [
    "AUTO",
    "FIELDS",
    "FORMATS",
    "OWN",
    "Format",
    "line_rows",
    "log_format",
    "merged",
    "object_rows",
    "text_rows",
]
