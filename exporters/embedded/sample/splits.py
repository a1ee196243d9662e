"""How a day's downloads split over raw user agents and countries: the content of `demographics`."""

import json
from collections.abc import Iterator, Sequence
from itertools import accumulate

# Downloads, in hundredths, from which on a day has 2, 4, 6 and 8 agents and countries, not just 1.
TIERS = (200, 2_000, 20_000, 200_000)
_WIDTHS = (1, 2, 4, 6, 8)
_VARIANTS = 4

# As apps send them. A variant starts at one of the first four and goes on from there: these lead on
# the many quiet days, so they are the short ones.
AGENTS = (
    "Pocket Casts",
    "AntennaPod/3.7.1",
    "Overcast/3.0 (+http://overcast.fm/; iOS podcast app)",
    "Castro 2025.3/1432",
    "AppleCoreMedia/1.0.0.22E240 (iPhone; U; CPU OS 18_4 like Mac OS X; en_us)",
    "Spotify/9.0.34 Android/34 (Pixel 8)",
    "PodcastAddict/v5 (+https://podcastaddict.com/; Android podcast app)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:137.0) Gecko/20100101 Firefox/137.0",
    "Podcasts/1720.1 CFNetwork/3826.400.120 Darwin/24.4.0",
    "CastBox/8.31.3 (fm.castbox.audiobook.radio.podcast; build:8310300; Android 14)",
    "gPodder/3.11.4 (http://gpodder.org/) Linux",
    "Wget/1.21.4",
)

# The app stored ISO codes until its log lines lost them; since then it stores names in lower case.
COUNTRIES = (
    ("US", "united states"),
    ("GB", "united kingdom"),
    ("DE", "germany"),
    ("CA", "canada"),
    ("AU", "australia"),
    ("IN", "india"),
    ("NL", "netherlands"),
    ("SE", "sweden"),
    ("FR", "france"),
    ("BR", "brazil"),
    ("PL", "poland"),
    ("JP", "japan"),
    ("Unknown", "unknown"),
)


def splits() -> Iterator[tuple[int | str | float, ...]]:
    """Yield the rows of `sample.splits`: for each tier and variant, by codes and then by names."""
    for tier, width in enumerate(_WIDTHS):
        for variant in range(_VARIANTS):
            agents = _turned(AGENTS, variant)[:width]
            countries = COUNTRIES if variant != _VARIANTS - 1 else COUNTRIES[1:]
            for named in (0, 1):
                keys = [country[named] for country in countries[:width]]
                number = (tier * _VARIANTS + variant) * 2 + named
                yield number, _template(agents, keys), *_shares(width, 0.5), *_shares(width, 0.62)


def _turned(agents: Sequence[str], variant: int) -> tuple[str, ...]:
    return (*agents[variant:], *agents[:variant])


def _template(agents: Sequence[str], countries: Sequence[str]) -> str:
    """Return the JSON text with `%N$s` where format() puts the Nth share."""
    return "".join(
        (
            '{"agents":{',
            ",".join(f"{json.dumps(key)}:%{n}$s" for n, key in enumerate(agents, start=1)),
            '},"countries":{',
            ",".join(f"{json.dumps(key)}:%{n}$s" for n, key in enumerate(countries, start=9)),
            "}}",
        )
    )


def _shares(width: int, ratio: float) -> list[float]:
    """Return eight shares that sum to 1: `width` in a falling row, then zeros."""
    row = list(accumulate([1.0] * width, lambda share, _: share * ratio))
    total = sum(row)
    return [share / total for share in row] + [0.0] * (8 - width)
