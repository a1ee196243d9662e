"""Metrics that users define in YAML files: found, watched, parsed, handed to whoever reads them.

An exporter that wants its source to be usable there hands in a `Kind`: the word that stands behind
`from`, a pure parser of an entry, and what is to happen when the definitions change.
"""

from exporters.core.definitions.document import Path, Table
from exporters.core.definitions.model import Definition, Entry, Kind, Parsed, Placed
from exporters.core.definitions.parse import parse
from exporters.core.definitions.reserved import names_on_page
from exporters.core.definitions.service import DefinitionFile, Definitions

__all__ = [
    "Definition",
    "DefinitionFile",
    "Definitions",
    "Entry",
    "Kind",
    "Parsed",
    "Path",
    "Placed",
    "Table",
    "names_on_page",
    "parse",
]
