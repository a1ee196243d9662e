"""The people of the sample: invented names, sign-in secrets, subscriptions, private feeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from exporters.embedded.sample.batch import Batch
from exporters.embedded.sample.chance import chance
from exporters.embedded.sample.episodes import Episode
from exporters.embedded.sample.shows import SHOWS

PEOPLE = 2_500
FEEDS = 48
ITEMS = 20
_ENDED_SHARE = 0.18
_OLDEST_DAYS = 1_400
_HEADS = (
    "Bra",
    "Cel",
    "Dro",
    "Eli",
    "Fen",
    "Gor",
    "Hul",
    "Ine",
    "Jor",
    "Kel",
    "Lum",
    "Mir",
    "Nov",
    "Osk",
)
_MIDDLES = ("a", "be", "di", "e", "ko", "li", "mo", "na", "o", "ru", "ta", "u", "ve", "zi")
_ENDS = ("dan", "fel", "gar", "lin", "mund", "nok", "quist", "ra", "sk", "tov", "wen", "yl")
_HEX = "0123456789ABCDEF"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def people(born: date, seed: int) -> Batch:
    """Return `people`: addresses in a domain that nobody has, a few with a pending sign-in."""
    return Batch(
        ("people",),
        (
            "id", "name", "email", "handle", "bio", "auth_token", "auth_token_expires_at",
            "signed_in_at", "admin", "host", "slack_id", "joined_at", "inserted_at", "updated_at",
        ),
        _people(born, chance(seed, "people")),
    )  # fmt: skip


def _people(born: date, rng: Random) -> Iterator[tuple[object, ...]]:
    for number in range(1, PEOPLE + 1):
        name = f"{_word(rng)} {_word(rng)}"
        handle = f"{name.lower().replace(' ', '')}{number}"
        joined = moment(rng, born, _OLDEST_DAYS)
        signing_in = number % 200 == 0
        yield (
            number,
            name,
            f"{handle}@listeners.example",
            handle,
            "Listens at 1.5 times the speed." if number % 9 == 0 else None,
            secret(rng, 16, _HEX) if signing_in else None,
            at(born, 1) if signing_in else None,
            joined + timedelta(days=3),
            number == 1,
            number <= len(SHOWS),
            f"U{secret(rng, 8, _HEX)}" if number % 50 == 0 else None,
            joined,
            joined,
            joined,
        )


def subscriptions(born: date, seed: int, listed: list[Episode]) -> Batch:
    """Return `subscriptions`: to newsletters, some ended; to talk on episodes and news items."""
    rows = (*_to_shows(born, seed), *_to_talk(born, seed, listed))
    return Batch(
        ("subscriptions",),
        (
            "id", "person_id", "podcast_id", "episode_id", "item_id", "unsubscribed_at", "context",
            "inserted_at", "updated_at",
        ),
        ((number, *row) for number, row in enumerate(rows, start=1)),
    )  # fmt: skip


def _to_shows(born: date, seed: int) -> Iterator[tuple[object, ...]]:
    """Yield as many active subscriptions as a show's newsletter has, and those that ended."""
    for show in SHOWS:
        rng = chance(seed, show.slug, "subscriptions")
        ended = round(show.newsletter * _ENDED_SHARE)
        for place, person in enumerate(rng.sample(range(1, PEOPLE + 1), show.newsletter + ended)):
            began = moment(rng, born, _OLDEST_DAYS)
            end = began + (at(born, 0) - began) * rng.random() if place < ended else None
            yield person, show.id, None, None, end, "signed up", began, end or began


def _to_talk(born: date, seed: int, listed: list[Episode]) -> Iterator[tuple[object, ...]]:
    rng = chance(seed, "talk")
    aired = [episode.id for episode in listed if episode.published]
    for number in range(300):
        began = moment(rng, born, 300)
        episode = rng.choice(aired) if number % 2 else None
        item = None if episode else rng.randint(1, ITEMS)
        yield rng.randint(1, PEOPLE), None, episode, item, None, "commented", began, began


def news_items(born: date) -> Batch:
    """Return the few `news_items` that subscriptions to items need."""
    return Batch(
        ("news_items",),
        (
            "id", "status", "headline", "url", "published_at", "author_id", "impression_count",
            "click_count", "inserted_at", "updated_at",
        ),
        (
            (
                number, 3, f"Note {number} from the workshop", f"https://news.example/{number}",
                at(born, number), number, 900 + 41 * number, 30 + 7 * number,
                at(born, number + 1), at(born, number),
            )
            for number in range(1, ITEMS + 1)
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Feed:
    """A private feed; `slug` is the secret in its address."""

    id: int
    slug: str
    owner: int
    podcasts: tuple[int, ...]
    since: date


def feeds(born: date, seed: int) -> list[Feed]:
    """Return the private feeds: most of all shows, some of a few; half of them began this year."""
    rng = chance(seed, "feeds")
    everything = tuple(show.id for show in SHOWS[:8])
    return [
        Feed(
            number,
            secret(rng, 32, _HEX),
            rng.randint(1, PEOPLE),
            everything if rng.random() < 0.6 else tuple(rng.sample(everything, 3)),
            born - timedelta(days=rng.randint(20, 700)),
        )
        for number in range(1, FEEDS + 1)
    ]


def moment(rng: Random, born: date, days: int) -> datetime:
    """Return a moment before `born`, up to `days` back, more often of late."""
    seconds = int(days * 86_400 * rng.random() * rng.random()) + 60
    return at(born, 0) - timedelta(seconds=seconds)


def at(born: date, days_ago: int) -> datetime:
    """Return nine in the morning, UTC, so many days before `born`; midnight of it for 0."""
    return datetime.combine(born - timedelta(days=days_ago), time(9 if days_ago else 0), UTC)


def secret(rng: Random, length: int, alphabet: str = _LETTERS) -> str:
    """Return something that looks like a secret and is none."""
    return "".join(rng.choices(alphabet, k=length))


def _word(rng: Random) -> str:
    return rng.choice(_HEADS) + rng.choice(_MIDDLES) + rng.choice(_ENDS)
