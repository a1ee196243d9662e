"""What the page shows at one moment: frozen values, ready to be written as HTML or as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporters.core.exporter import Health


@dataclass(frozen=True, slots=True)
class Link:
    """A page elsewhere that goes with this one."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of this moment."""

    key: str
    """What JSON calls it."""
    value: float
    text: str
    """The number as people read it, with its unit."""
    label: str


@dataclass(frozen=True, slots=True)
class Heard:
    """An episode that is downloaded in these minutes."""

    podcast: str
    """The title of the show, or its name where that is all that is known; so with `episode`."""
    episode: str
    downloads: float


@dataclass(frozen=True, slots=True)
class Published:
    """One of the newest episodes; a count is None where its source does not know the episode."""

    podcast: str
    episode: str
    at: float
    """Seconds since 1970."""
    by_app: float | None
    by_stream: float | None


@dataclass(frozen=True, slots=True)
class Glance:
    """All that the page shows, save the freshness of the sources."""

    at: float
    """Seconds since 1970."""
    figures: Sequence[Figure] = ()
    plot: Sequence[float | None] | None = None
    """Downloads in each step, the oldest first; None where no log stream is counted."""
    heard: Sequence[Heard] = ()
    published: Sequence[Published] = ()


State = Mapping[str, Sequence[Health]]
"""The health of every source by exporter."""


def late(state: State) -> list[tuple[str, Health]]:
    """Return the sources that are not fresh, each with its exporter."""
    return [(name, each) for name, sources in state.items() for each in sources if not each.fresh]
