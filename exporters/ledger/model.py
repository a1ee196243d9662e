"""What goes into the ledger, and what the ledger tells whoever measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, get_args

Window = Literal["calendar", "first-touch", "last-touch"]
"""In which a listener's requests for an episode are one download (PTMG 5.5.1)."""

Outcome = Literal[
    "counted",
    "repeat",
    "incomplete",
    "head",
    "not_modified",
    "probe",
    "bot",
    "watch",
    "datacenter",
    "error",
    "redirect",
]
"""What became of a request for audio. The first three are decided by the ledger."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

TOUCHED_COLUMNS = (
    "day",
    "episode_id",
    "size",
    "needed",
    "listener",
    "yesterday",
    "first_at",
    "last_at",
    "requests",
    "live",
    "loose",
    "ranges",
    "touches",
    "country",
    "app",
    "by_hour",
)
"""One fact: what a listener got of an episode on a UTC day, by some valid requests.

`listener` is the keyed hash of who, 64 bits, signed; `yesterday` the same under the key of the day
before, for rolling windows; `live` how many of the `requests` began within the live window; `loose`
bytes of which no range is known; `size` of the file and bytes `needed` for a download; `by_hour`
requests at each hour of the day where there are several hours, `touches` the single requests for
rolling windows; NULL where there is no such thing.
"""


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode as the ledger knows it. Sizes in bytes, durations in seconds, if known."""

    id: int
    podcast: str
    episode: str
    audio_bytes: int | None
    duration_seconds: float | None


@dataclass(frozen=True, slots=True)
class Day:
    """A UTC day that can still change."""

    day: date
    key: bytes = field(repr=False)
    """Makes names of listeners; 32 bytes, destroyed when the day closes."""
    window: Window


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days take lines: those that are open, and those that have not been opened yet."""

    open: frozenset[date]
    since: date
    """A day before this one takes no live lines unless it is open."""
    closed: frozenset[date] = frozenset()
    """Days that take none though they are not before it: some clock was set back."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of what some lines are about."""

    episodes: Sequence[Episode]
    shows: frozenset[str]
    """Podcasts that have an episode."""
    days: Mapping[date, Day]
    """The days of the lines, and where windows roll the days before them."""
    closed: frozenset[tuple[date, str]] = frozenset()
    """Open days that are closed for a podcast."""


@dataclass(frozen=True, slots=True)
class HourSum:
    """Requests for an episode in an hour, whatever became of them, and bytes of their bodies.

    Bytes of status 301 and 404 are left out, those of bots are not: the platform's own measure.
    """

    hour: datetime
    episode_id: int
    requests: int
    sent: int


@dataclass(frozen=True, slots=True)
class OutcomeSum:
    """Requests for a show's audio in an hour that are not valid ones, by what became of them."""

    hour: datetime
    podcast: str
    outcome: Outcome
    requests: int
    live: int


@dataclass(frozen=True, slots=True)
class Reader:
    """A feed reader that says how many people it reads for. `reader` tells readers apart."""

    podcast: str
    app: str
    reader: str
    subscribers: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one chunk of a segment adds to the ledger."""

    touched: Sequence[str] = ()
    """Lines for COPY in text format, TOUCHED_COLUMNS each, a fact no more than once; blocks."""
    hours: Sequence[HourSum] = ()
    outcomes: Sequence[OutcomeSum] = ()
    delivered: Mapping[str, int] = field(default_factory=dict)
    """Podcast to bytes of bodies, live requests only."""
    feeds: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Podcast and app to requests for feeds."""
    readers: Sequence[Reader] = ()
