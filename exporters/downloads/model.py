"""What the app's tables say, as frozen values: pure parsing of rows."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from psycopg.rows import TupleRow

WINDOWS = (1, 3, 7, 30, 90)
"""The ages in days at which a launch is compared."""

Number = int | float | Decimal

_STATUS: Mapping[Number, str] = {
    0: "draft",
    1: "soon",
    2: "publishing",
    3: "inactive",
    4: "archived",
}
_TYPE: Mapping[Number, str] = {0: "full", 1: "bonus", 2: "trailer"}


@dataclass(frozen=True, slots=True)
class Show:
    """A show that is no draft. None: the app does not say."""

    podcast: str
    title: str | None
    status: str
    downloads: float | None


@dataclass(frozen=True, slots=True)
class Episode:
    """A public episode. None: the app does not say."""

    podcast: str
    episode: str
    title: str | None
    type: str
    published_at: float
    """Seconds since 1970, UTC."""
    audio_bytes: float | None
    duration: float | None
    """Seconds."""
    downloads: float | None
    listeners: float | None


@dataclass(frozen=True, slots=True)
class Launch:
    """The downloads of a public episode at each age of `WINDOWS`; None where no day is counted."""

    podcast: str
    episode: str
    downloads: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Subscribers:
    """How many follow a show in one way: by RSS in one app, or by e-mail."""

    podcast: str
    kind: str
    app: str
    count: float


def show(row: TupleRow) -> Show:
    """Parse slug, name, status, download_count."""
    slug, name, status, downloads = row
    return Show(slug, name, _word(_STATUS, status), _number(downloads))


def episode(row: TupleRow) -> Episode:
    """Parse both slugs, title, type, published, bytes, duration, downloads, listeners."""
    podcast, slug, title, kind, published_at, *numbers = row
    return Episode(
        podcast, slug, title, _word(_TYPE, kind), float(published_at), *map(_number, numbers)
    )


def rss_subscribers(row: TupleRow) -> Iterator[Subscribers]:
    """Parse slug and the object of counts by app; what is not a count is passed over."""
    podcast, apps = row
    if isinstance(apps, Mapping):
        for app, count in apps.items():
            # JSON knows no bounds: 1e999 is infinite here, and a very long integer no float at all.
            if type(count) in (int, float) and 0 <= count < 2**63:
                yield Subscribers(podcast, "rss", app, float(count))


def email_subscribers(row: TupleRow) -> Subscribers:
    """Parse slug and count."""
    podcast, count = row
    return Subscribers(podcast, "email", "", float(count))


def _word(words: Mapping[Number, str], value: Number | None) -> str:
    """Return the app's word for a number; the number itself where it is a new one."""
    if value is None or not math.isfinite(value):
        return ""
    return words.get(value, f"{value:g}")


def _number(value: Number | None) -> float | None:
    return None if value is None else float(value)
