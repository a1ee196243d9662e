"""The `[fastly.counting]` table of the settings: what is a download, and how it is found out."""

from typing import Annotated

from pydantic import AfterValidator, Field

from exporters.core.quantities import Duration, Size
from exporters.core.settings import Location, Section, wants
from exporters.fastly.formats import FIELDS, FORMATS

_RESERVED = {"auto", *FORMATS}


def _mapping(formats: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    for name, fields in formats.items():
        if name in _RESERVED:
            raise wants("another name than that of a known format")
        if not fields or not fields.keys() <= FIELDS.keys():
            raise wants(f"keys for facts of these: {', '.join(FIELDS)}")
    return formats


class CountingSettings(Section):
    """How requests for audio become downloads (PTMG 5.5)."""

    live_window: Duration = Field(
        default=6 * 3600.0,
        description="How long ago a download may have begun to move the live counters.",
    )
    close_after: Duration = Field(
        default=72 * 3600.0,
        description="How long after its end, and after the last line written to it, a UTC day takes"
        " late lines; then its listeners and their key are destroyed.",
    )
    id3_bytes: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Bytes of an episode's file before its sound: tags, images."
    )
    id3_bytes_by_podcast: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, description="The same for single shows."
    )
    bitrate: Annotated[int, Field(ge=8000)] = Field(
        default=128_000,
        description="Bits a second of episodes whose size or duration nobody has told.",
    )
    user_agents: Location | None = Field(
        default=None,
        description="Folder of lists of user agents as OPAWG v2 has them, in place of our own.",
    )
    bot_networks: tuple[Location, ...] = Field(
        default=(), description="Files of networks of bots: CIDR or `first,last`, one a line."
    )
    datacenter_networks: tuple[Location, ...] = Field(
        default=(), description="Files of networks of data centres, where nobody listens."
    )
    relay_networks: tuple[Location, ...] = Field(
        default=(),
        description="Files of networks of relays, which hide listeners: never taken for others.",
    )
    formats: Annotated[dict[str, dict[str, str]], AfterValidator(_mapping)] = Field(
        default_factory=dict,
        description="Formats of your own: a name, and for each fact the key of the JSON object; a"
        " dot leads into an object.",
    )
    recorders: Annotated[int, Field(ge=1, le=16)] = Field(
        default=2, description="Segments that are measured and written at the same time."
    )
    threads: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1, description="Threads that measure one segment."
    )
    memory: Size = Field(
        default=256 * 1024**2,
        description="Memory for measuring one segment; what does not fit is written to disk."
        " Twice as much where its lines are known to fit in half of it.",
    )
