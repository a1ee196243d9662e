"""Requests that are not for audio: pages, what is on them, junk, and feeds with their readers."""

from dataclasses import dataclass
from itertools import accumulate
from random import Random

from exporters.embedded.sample import Entry
from exporters.embedded.sample.readers import readers_of
from exporters.embedded.sample.shows import SHOWS
from exporters.embedded.traffic.lines import Answer, Request

CDN_HOST, SITE_HOST = "cdn.cast.example", "cast.example"
HOSTS = (CDN_HOST, SITE_HOST)
"""Hosts of the simulated platform: `example` is a domain that nobody can have."""

APP_AGENTS = (
    "PocketCasts/1.0 (Feed Parser; +http://pocketcasts.com/)",
    "AntennaPod/3.9.0",
    "Podcasts/1760.2 CFNetwork/3826.500.131 Darwin/24.5.0",
    "Castro 2025.6/1467",
)
_ASSETS = ("/assets/app-5f0c1d.css", "/assets/app-9a27be.js", "/assets/waves-11.woff2")
_VANITY = ("/merch", "/newsletter", "/tidewater", "/kettleworks", "/gather")
"""Short addresses that shows and sponsors say aloud, and that lead elsewhere."""
_JUNK = ("/wp-login.php", "/.env", "/xmlrpc.php", "/admin/config.php", "/old/feed.xml")
_REFERERS = ("", "", f"https://{SITE_HOST}/", "https://news.example/", "https://search.example/")
_MISSES = 0.07
_SLUG_LETTERS = "0123456789ABCDEF"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request with its answer."""

    request: Request
    answer: Answer


def page(rng: Random, entries: tuple[Entry, ...]) -> Ask:
    """Return what a browser asks of the site: assets, pages, search, and what strangers try."""
    luck = rng.random()
    referer = rng.choice(_REFERERS)
    if luck < 0.5:
        return _static(rng, rng.choice(_ASSETS), referer)
    if luck < 0.68:
        return _static(rng, f"/covers/{rng.choice(SHOWS[:8]).slug}-600.jpg", referer)
    if luck < 0.9:
        return _rendered(rng, _page_path(rng, entries), referer)
    if luck < 0.94:
        return _live(rng, "POST" if rng.random() < 0.3 else "GET", "/search")
    if luck < 0.96:
        answer = Answer(302, 0, rng.uniform(0.001, 0.004), "HIT-SYNTH")
        return Ask(Request(SITE_HOST, rng.choice(_VANITY), referer=referer), answer)
    if luck < 0.98:
        return Ask(Request(SITE_HOST, "/", "HEAD"), Answer(200, 0, 0.002, "HIT"))
    answer = Answer(404, 1_214, rng.uniform(0.03, 0.12), "MISS" if rng.random() < 0.2 else "HIT")
    return Ask(Request(SITE_HOST, rng.choice(_JUNK)), answer)


def _page_path(rng: Random, entries: tuple[Entry, ...]) -> str:
    if rng.random() < 0.3:
        return "/" if rng.random() < 0.5 else f"/{rng.choice(SHOWS[:8]).slug}"
    # The list begins with what is listened to most, and that is what is read about.
    entry = entries[min(int(rng.expovariate(1 / 12)), len(entries) - 1)]
    return f"/{entry.podcast}/{entry.episode}"


def _static(rng: Random, path: str, referer: str) -> Ask:
    took = rng.lognormvariate(-6.2, 0.7)
    if rng.random() < 0.25:
        return Ask(Request(SITE_HOST, path, referer=referer), Answer(304, 0, took, "HIT-CLUSTER"))
    answer = Answer(200, 9_000 + 61 * len(path) ** 2, took, "HIT")
    return Ask(Request(SITE_HOST, path, referer=referer), answer)


def _rendered(rng: Random, path: str, referer: str) -> Ask:
    size = rng.randrange(11_000, 64_000)
    if rng.random() < _MISSES:
        answer = Answer(200, size, rng.lognormvariate(-2.2, 0.5), "MISS-CLUSTER")
    else:
        state = rng.choices(("HIT", "HIT-CLUSTER", "HIT-STALE"), (0.5, 0.45, 0.05))[0]
        answer = Answer(200, size, rng.lognormvariate(-5.6, 0.7), state)
    return Ask(Request(SITE_HOST, path, referer=referer), answer)


def _live(rng: Random, method: str, path: str) -> Ask:
    answer = Answer(200, rng.randrange(2_000, 20_000), rng.lognormvariate(-1.8, 0.5), "PASS")
    return Ask(Request(SITE_HOST, path, method), answer)


class Feeds:
    """Draws requests for feeds: by apps at home, and by readers that fetch for many."""

    def __init__(self) -> None:
        asked = [(show, reader) for show in SHOWS for reader in readers_of(show)]
        self._readers = [(show.slug, reader.raw) for show, reader in asked]
        self._sums = list(accumulate(reader.requests for _, reader in asked))
        self._shows = [show for show in SHOWS if any(each is show for each, _ in asked)]
        self._scales = list(accumulate(show.scale for show in self._shows))

    def by_reader(self, rng: Random) -> tuple[str, Ask]:
        """Return a reader's user agent, and what it asks for."""
        show, agent = rng.choices(self._readers, cum_weights=self._sums)[0]
        return agent, self._ask(rng, f"/{show}/feed")

    def by_app(self, rng: Random) -> tuple[str, Ask]:
        """Return an app's user agent, and what it asks for; now and then that is a private feed."""
        agent = rng.choice(APP_AGENTS)
        if rng.random() < 0.04:
            # Its address is a secret; this one leads nowhere.
            slug = "".join(rng.choices(_SLUG_LETTERS, k=32))
            return agent, self._ask(rng, f"/feeds/{slug}")
        show = rng.choices(self._shows, cum_weights=self._scales)[0]
        return agent, self._ask(rng, f"/{show.slug}/feed")

    def _ask(self, rng: Random, path: str) -> Ask:
        luck, took = rng.random(), rng.lognormvariate(-5.5, 0.7)
        state = "MISS-CLUSTER" if rng.random() < 0.03 else "HIT-CLUSTER"
        if luck < 0.43:
            return Ask(Request(SITE_HOST, path), Answer(304, 0, took, state))
        if luck < 0.47:
            return Ask(Request(SITE_HOST, path, "HEAD"), Answer(200, 0, took, state))
        if luck < 0.48:
            return Ask(Request(SITE_HOST, f"{path}/"), Answer(301, 0, took, "HIT-SYNTH"))
        return Ask(
            Request(SITE_HOST, path), Answer(200, rng.randrange(90_000, 400_000), took, state)
        )
