"""Shows, episodes and feeds as rows of the app's tables."""

from collections.abc import Iterable
from datetime import date

from psycopg.types.json import Jsonb

from exporters.embedded.sample.batch import Batch
from exporters.embedded.sample.chance import chance
from exporters.embedded.sample.episodes import Episode, Kind
from exporters.embedded.sample.people import Feed, at, secret
from exporters.embedded.sample.readers import private_readers, subscribers_of
from exporters.embedded.sample.shows import SHOWS, Show, Status

_CHAPTERS = (("Cold open", 0.0, 0.04), ("The long part", 0.04, 0.9), ("Goodbyes", 0.9, 1.0))
_CHAPTERED_EVERY = 12


def podcasts(born: date, seed: int) -> Batch:
    """Return `podcasts`; those that publish hold the token they post with."""
    rng = chance(seed, "tokens")
    return Batch(
        ("podcasts",),
        (
            "id", "name", "slug", "status", "description", "vanity_domain", "keywords", "partner",
            "position", "recorded_live", "subscribers", "mastodon_handle", "mastodon_token",
            "inserted_at", "updated_at",
        ),
        [_podcast(show, born, secret(rng, 43)) for show in SHOWS],
    )  # fmt: skip


def _podcast(show: Show, born: date, token: str) -> tuple[object, ...]:
    begun = at(born, max(show.begins, 20) + 30)
    posts = show.status is Status.PUBLISHING
    subscribers = subscribers_of(show)
    return (
        show.id,
        show.name,
        show.slug,
        int(show.status),
        f"{show.name}, made up for trying things out.",
        f"https://{show.slug}.example" if show.id <= 4 else None,
        "sample, invented",
        show.id == 9,
        show.id,
        show.id == 1,
        None if subscribers is None else Jsonb(subscribers),
        f"@{show.slug}@social.example" if posts else None,
        token if posts else None,
        begun,
        begun,
    )


def episodes(listed: Iterable[Episode], today: date) -> Batch:
    """Return `episodes`; counts of downloads follow from the stats, mails went to what is out."""
    return Batch(
        ("episodes",),
        (
            "id", "podcast_id", "slug", "title", "type", "published", "published_at", "recorded_at",
            "audio_file", "audio_bytes", "audio_duration", "plusplus_file", "plusplus_bytes",
            "plusplus_duration", "import_count", "guid", "audio_chapters", "email_sends",
            "email_opens", "inserted_at", "updated_at",
        ),
        (_episode(episode, today) for episode in listed),
    )  # fmt: skip


def _episode(episode: Episode, today: date) -> tuple[object, ...]:
    path = f"{episode.show.slug}-{episode.slug}"
    plus = episode.kind is Kind.FULL and episode.audio_bytes > 0
    sent = _mails(episode, today)
    return (
        episode.id,
        episode.show.id,
        episode.slug,
        episode.title,
        int(episode.kind),
        episode.published,
        episode.published_at,
        episode.entered_at,
        f"{path}.mp3" if episode.audio_bytes else None,
        episode.audio_bytes,
        episode.duration,
        f"{path}++.mp3" if plus else None,
        episode.audio_bytes - 900_000 if plus else 0,
        episode.duration,
        float(episode.imported),
        f"https://cast.example/{episode.show.id}/{episode.id}",
        _chapters(episode),
        sent,
        sent * (37 + episode.id % 17) // 100,
        episode.entered_at,
        episode.entered_at,
    )


def _mails(episode: Episode, today: date) -> int:
    """Return to how many an episode was mailed: to most of today's list, fewer the older it is."""
    if episode.kind is not Kind.FULL or not episode.published or episode.published_at is None:
        return 0
    age = (today - episode.published_at.date()).days
    return 0 if age <= 0 else episode.show.newsletter * 400 // (400 + age)


def _chapters(episode: Episode) -> list[Jsonb]:
    if episode.duration is None or episode.kind is not Kind.FULL or episode.id % _CHAPTERED_EVERY:
        return []
    return [
        Jsonb(
            {
                "title": title,
                "starts_at": round(episode.duration * start, 2),
                "ends_at": round(episode.duration * end, 2),
                "link_url": None,
                "image_url": None,
            }
        )
        for title, start, end in _CHAPTERS
    ]


def feeds(listed: Iterable[Feed], born: date) -> Batch:
    """Return `feeds`, the private ones; public feeds have no row."""
    return Batch(
        ("feeds",),
        (
            "id", "name", "slug", "plusplus", "autosub", "title_format", "owner_id", "podcast_ids",
            "person_ids", "starts_on", "refreshed_at", "agents", "inserted_at", "updated_at",
        ),
        (_feed(feed, born) for feed in listed),
    )  # fmt: skip


def _feed(feed: Feed, born: date) -> tuple[object, ...]:
    entered = at(feed.since, 1)
    agents = Jsonb([reader.name for reader in private_readers(feed.id)])
    return (
        feed.id,
        f"Feed {feed.id} of a listener",
        feed.slug,
        feed.id % 5 != 0,
        len(feed.podcasts) > 3,
        "{podcast} - {title}" if feed.id % 7 == 0 else None,
        feed.owner,
        list(feed.podcasts),
        [],
        feed.since if feed.id % 2 else None,
        at(born, 1),
        agents,
        entered,
        entered,
    )
