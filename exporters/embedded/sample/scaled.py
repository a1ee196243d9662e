"""Episodes in any number, for benchmarks."""

from dataclasses import replace
from datetime import date
from itertools import cycle, islice

from exporters.embedded.sample.episodes import Episode, Kind, episodes
from exporters.embedded.sample.people import at


def stretched(today: date, count: int, span: int, seed: int) -> list[Episode]:
    """Return `count` episodes that appear evenly over the `span` days before `today`.

    They belong to the shows that the app still counts, and draw as many listeners as episodes of
    theirs do.
    """
    models = [
        episode
        for episode in episodes(today, seed=seed)
        if episode.kind is Kind.FULL and episode.audio_bytes and episode.show.quiet is None
    ]
    return [
        _renumbered(episode, number, today, span - span * (number - 1) // count)
        for number, episode in enumerate(islice(cycle(models), count), start=1)
    ]


def _renumbered(episode: Episode, number: int, today: date, days_ago: int) -> Episode:
    return replace(
        episode,
        id=number,
        slug=f"scaled-{number}",
        published_at=at(today, days_ago),
        entered_at=at(today, days_ago + 10),
        imported=0,
    )
