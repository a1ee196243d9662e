"""What listeners use, as it calls itself, and how it fetches a file; robots, watches, browsers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import accumulate
from random import Random


class Way(Enum):
    """How an app gets an episode."""

    WHOLE = auto()
    """One request without a range: it downloads before it plays."""
    PARTS = auto()
    """Ranges of one size, the next one when it is needed."""
    APPLE = auto()
    """Two bytes as a probe, then from the place where it is to the end, cut off and asked again."""
    BROWSER = auto()
    """From 0 to the end; the browser reads no further than it plays."""


@dataclass(frozen=True, slots=True)
class App:
    """A program: its share, its user agent with `{v}` for a version and `{d}` for a device."""

    share: float
    agent: str
    way: Way = Way.WHOLE
    versions: Sequence[str] = ("",)
    devices: Sequence[str] = ("",)

    def draw(self, rng: Random) -> str:
        """Return the agent of one copy of it."""
        return self.agent.format(v=rng.choice(self.versions), d=rng.choice(self.devices))


_IOS = ("17_6_1", "18_1", "18_4", "18_5", "18_6", "26_0", "26_1")
_DARWIN = ("3826.400.120 Darwin/24.4.0", "3826.500.131 Darwin/24.5.0", "3860.200.71 Darwin/25.1.0")
_PHONES = ("Pixel 7", "Pixel 8", "Pixel 9a", "SM-S921B", "SM-A546B", "SM-G991U", "2201117TY")
_CASTS = ("Podcasts/1720.1", "Podcasts/1760.2", "Podcasts/1810.1", "Podcasts/1831.4")
_CHROMES = tuple(f"{number}.0.0.0" for number in range(134, 143))
_FOXES = tuple(f"{number}.0" for number in range(136, 146))
_DESKS = ("X11; Linux x86_64", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7")

APPS = (
    App(0.3, "{d} CFNetwork/{v}", Way.WHOLE, _DARWIN, _CASTS),
    App(
        0.13,
        "AppleCoreMedia/1.0.0.22E240 (iPhone; U; CPU OS {v} like Mac OS X; {d})",
        Way.APPLE,
        _IOS,
        ("en_us", "en_gb", "de_de", "fr_fr", "sv_se", "pt_br"),
    ),
    App(0.13, "Overcast/3.0 (+http://overcast.fm/; iOS podcast app)", Way.WHOLE),
    App(0.12, "Spotify/{v} Android/34 ({d})", Way.PARTS, ("9.0.34", "9.0.48", "9.1.2"), _PHONES),
    App(0.09, "Pocket Casts", Way.WHOLE),
    App(0.07, "AntennaPod/{v}", Way.WHOLE, ("3.7.1", "3.8.0", "3.9.0", "3.9.2", "3.10.1")),
    App(0.04, "Castro {v}", Way.WHOLE, ("2025.3/1432", "2025.4/1440", "2025.6/1467")),
    App(0.04, "PodcastAddict/v5 (+https://podcastaddict.com/; Android podcast app)", Way.PARTS),
    App(
        0.03,
        "CastBox/{v} (fm.castbox.audiobook.radio.podcast; build:8310300; Android 14; {d})",
        Way.PARTS,
        ("8.31.3", "8.34.0", "8.40.1"),
        _PHONES,
    ),
    App(
        0.03,
        "Mozilla/5.0 ({d}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v} Safari/537.36",
        Way.BROWSER,
        _CHROMES,
        _DESKS,
    ),
    App(0.02, "Mozilla/5.0 ({d}; rv:{v}) Gecko/20100101 Firefox/{v}", Way.BROWSER, _FOXES, _DESKS),
)
"""The share of a kind of listening app; the table of apps in the exporter names each of them."""

BROWSERS = APPS[-2:]
SHARES = tuple(accumulate(app.share for app in APPS))
"""Summed up."""

BOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Spotify/1.0",
    "Amazon Music Podcast",
    "python-requests/2.32.3",
    "Go-http-client/2.0",
    "iTMS",
)
WATCHES = (
    "atc/1.0 watchOS/11.4 model/Watch7,1 hwp/t8310 build/22T250 (6; dt:325)",
    "Podcasts/1720.1 (null)/(null) watchOS/11.4 model/Watch6,7",
)
UNNAMED = ("", "-")
"""What some programs call themselves."""
