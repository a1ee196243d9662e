"""What measuring is given and what it gives: frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from exporters.fastly.derived.model import Counted
from exporters.fastly.quarantine import Rejected
from exporters.fastly.requests.model import Told
from exporters.ledger.model import Calendar, Facts

Labels = tuple[str, ...]

REASONS = (
    "malformed",
    "no_time",
    "no_path",
    "no_status",
    "bad_number",
    "future",
    "closed_day",
)
"""Why a line is rejected. The SQL that decides is in `sql/requests.sql`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of measuring. Patterns have named groups; durations are seconds."""

    episode_path: str
    feed_path: str
    feeds: Mapping[str, str] = field(default_factory=dict)
    """Name of a feed to podcast, where they differ."""
    id3_bytes: int = 0
    """Bytes of a file before its sound: tags and their images. PTMG 5.5.3."""
    id3_bytes_by_podcast: Mapping[str, int] = field(default_factory=dict)
    bitrate: int = 128_000
    """Bits a second of episodes that nobody told us the size or duration of."""
    threads: int = 1
    memory_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Moment:
    """When lines are measured, and which days they may belong to."""

    now: datetime
    calendar: Calendar
    live_from: datetime
    """What began before is not live: it moves no live counter."""
    backfill: bool = False
    """Lines of any day are taken; the ledger refuses what it must."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What is in a chunk of lines, as far as the ledger must be asked about it."""

    lines: int
    rejected: Mapping[str, int]
    """Reason to lines."""
    rejects: Sequence[Rejected]
    """Some of them, as they came: for the quarantine."""
    visits: frozenset[tuple[date, str]]
    """UTC days and podcasts of requests for audio."""
    episodes: Mapping[tuple[str, str], bool]
    """Podcasts and episodes of paths, and whether there was an answer with sound: only such a path
    may become an episode (DESIGN 3.7)."""
    shows: frozenset[str]
    """Podcasts of any path, feeds included."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Observations of one series: how many in each bucket, not cumulative, +Inf last."""

    labels: Labels
    counts: Sequence[int]
    total: float


@dataclass(frozen=True, slots=True)
class Stream:
    """What the lines add to `cdn_*`. Labels in the order of the families' names in DESIGN 4."""

    requests: Sequence[tuple[Labels, int]] = ()
    response_bytes: Sequence[tuple[Labels, int]] = ()
    durations: Sequence[Histogram] = ()
    protocols: Sequence[tuple[Labels, int]] = ()
    countries: Sequence[tuple[Labels, int]] = ()
    errors: Sequence[tuple[Labels, int]] = ()
    speeds: Sequence[Histogram] = ()
    round_trips: Sequence[Histogram] = ()
    retransmits: Sequence[Histogram] = ()
    ended: Mapping[int, int] = field(default_factory=dict)
    """Second since 1970 to requests that ended in it."""
    own: Sequence[Counted] = ()
    """What they add to metrics that users defined."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All that a chunk of lines comes to."""

    stream: Stream
    facts: Facts
    closed: int
    """Lines that were left out because their day is closed for their show."""
    told: Told = field(default_factory=Told)
    """Requests worth reading; none of a backfill."""
