"""The `podcast_*` families: names, help texts, labels, and the rows that the app gives them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from exporters.core.exposition import Limits, OnDrop, Policy, ValueFamily, ValueKind
from exporters.core.snapshot import Sheet
from exporters.downloads.model import WINDOWS, Episode, Launch, Show, Subscribers

SOURCE = "app"
"""The label `source` of what the app itself counted."""

PROBLEM = "podcast_source_problem"

_EPISODE = ("podcast", "episode")
_ATTRIBUTES: dict[str, tuple[str, tuple[str, ...]]] = {
    "podcast_info": (
        "A show that is no draft, with its title and the app's word for its state, always 1.",
        ("podcast", "title", "status"),
    ),
    "podcast_episode_info": (
        "A public episode with its title and type, always 1.",
        (*_EPISODE, "title", "type"),
    ),
    "podcast_episode_published_timestamp_seconds": (
        "When a public episode was published.",
        _EPISODE,
    ),
    "podcast_stats_last_day_timestamp_seconds": (
        "Midnight UTC at the beginning of the newest day for which the source has counts.",
        ("source",),
    ),
}
_AMOUNTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "podcast_episode_audio_bytes": ("Size of a public episode's audio file.", _EPISODE),
    "podcast_episode_duration_seconds": ("Length of a public episode.", _EPISODE),
    "podcast_episode_downloads": (
        (
            "Downloads of a public episode up to now. From the app: files' worth of bytes sent, "
            "and what was imported, as its site shows them; they are corrected and can shrink."
        ),
        (*_EPISODE, "source"),
    ),
    "podcast_episode_listeners": (
        "Distinct listeners of each day, summed over the days of a public episode up to now.",
        (*_EPISODE, "source"),
    ),
    "podcast_episode_launch_downloads": (
        (
            "Downloads of a public episode in its first days: so far, and final at that age. From "
            "the app: whole UTC days of which the day of publication is the first, without "
            "imports. From the stream: days of 24 hours from the moment of publication."
        ),
        (*_EPISODE, "source", "days"),
    ),
    "podcast_all_time_downloads": (
        "Downloads of a show up to now; corrected later, they can shrink.",
        ("podcast", "source"),
    ),
    "podcast_subscribers": (
        "Who follows a show: kind rss as feed readers report it, by app, or kind email.",
        ("podcast", "kind", "app", "source"),
    ),
    "podcast_episode_delivered_tenth_listeners": (
        "How many listeners got that tenth of the file whole; episodes younger than 30 days.",
        (*_EPISODE, "tenth"),
    ),
}
_RATIOS: dict[str, tuple[str, tuple[str, ...]]] = {
    "podcast_reconciliation_ratio": (
        (
            "Files' worth of bytes that the stream counted, divided by those that the app counted, "
            "on the newest UTC day that both have whole."
        ),
        ("podcast",),
    ),
}
_COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "podcast_downloads_total": (
        (
            "Downloads that began within the live window of being counted; episodes older than 90 "
            "days are one, older."
        ),
        _EPISODE,
    ),
    "podcast_app_downloads_total": ("The same by app.", ("podcast", "app")),
    "podcast_country_downloads_total": (
        "The same by country (ISO 3166 code; empty where it is not known).",
        ("podcast", "country"),
    ),
    "podcast_delivered_bytes_total": (
        "Bytes of audio that were sent, to bots too, but not with status 301 or 404.",
        ("podcast",),
    ),
    "podcast_delivered_tenths_total": (
        "Downloads that got that tenth of their file whole.",
        ("podcast", "tenth"),
    ),
    "podcast_requests_total": (
        "Requests for audio, by what became of them.",
        ("podcast", "outcome"),
    ),
    "podcast_feed_requests_total": ("Requests for feeds, by app.", ("podcast", "app")),
}


def families(limits: Limits, on_drop: OnDrop) -> list[ValueFamily]:
    """Return every family that polls fill, empty, in the order of the page."""
    tables: tuple[tuple[ValueKind, Mapping[str, tuple[str, tuple[str, ...]]], Policy], ...] = (
        ("gauge", _ATTRIBUTES, Policy.DROP),
        ("gauge", _AMOUNTS, Policy.FOLD),
        ("gauge", _RATIOS, Policy.DROP),
        ("counter", _COUNTERS, Policy.FOLD),
    )
    return [
        ValueFamily(
            kind, name, text, labels, limits=replace(limits, policy=policy), on_drop=on_drop
        )
        for kind, table, policy in tables
        for name, (text, labels) in table.items()
    ]


def problem_family() -> ValueFamily:
    """Return the family of what is missing; it is filled where that is found out."""
    return ValueFamily(
        "gauge",
        PROBLEM,
        "A table or column that metrics need is missing in a source: 1 while it is.",
        ("source", "problem"),
    )


def shows(found: Iterable[Show]) -> Sheet:
    """Return the rows of the families about shows."""
    found = list(found)
    return {
        "podcast_info": [
            ((show.podcast, show.title, show.status), 1.0)
            for show in found
            if show.title is not None
        ],
        "podcast_all_time_downloads": [
            ((show.podcast, SOURCE), show.downloads) for show in found if show.downloads is not None
        ],
    }


def episodes(found: Iterable[Episode]) -> Sheet:
    """Return the rows of the families about episodes, in the order of the episodes."""
    sheet: dict[str, list[tuple[tuple[str, ...], float]]] = {}

    def put(family: str, labels: tuple[str, ...], value: float | None) -> None:
        rows = sheet.setdefault(family, [])
        if value is not None:
            rows.append((labels, value))

    for each in found:
        key = (each.podcast, each.episode)
        if each.title is not None:
            put("podcast_episode_info", (*key, each.title, each.type), 1.0)
        put("podcast_episode_published_timestamp_seconds", key, each.published_at)
        put("podcast_episode_audio_bytes", key, each.audio_bytes)
        put("podcast_episode_duration_seconds", key, each.duration)
        put("podcast_episode_downloads", (*key, SOURCE), each.downloads)
        put("podcast_episode_listeners", (*key, SOURCE), each.listeners)
    return sheet


def launches(found: Iterable[Launch]) -> Sheet:
    """Return the rows of the launch windows."""
    return {
        "podcast_episode_launch_downloads": [
            ((launch.podcast, launch.episode, SOURCE, str(days)), downloads)
            for launch in found
            for days, downloads in zip(WINDOWS, launch.downloads, strict=True)
            if downloads is not None
        ]
    }


def subscribers(found: Iterable[Subscribers]) -> Sheet:
    """Return the rows of one kind of subscribers."""
    return {
        "podcast_subscribers": [
            ((each.podcast, each.kind, each.app, SOURCE), each.count) for each in found
        ]
    }


def last_day(timestamp: float | None) -> Sheet:
    """Return the newest day of the app's stats, in seconds since 1970; None where there is none."""
    rows = [] if timestamp is None else [((SOURCE,), timestamp)]
    return {"podcast_stats_last_day_timestamp_seconds": rows}


def reconciliation(ratios: Mapping[str, float]) -> Sheet:
    """Return the ratio of each show."""
    return {"podcast_reconciliation_ratio": [((show,), ratio) for show, ratio in ratios.items()]}
