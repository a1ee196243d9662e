"""The crowd: everybody who asks the CDN for something, as log lines in the order they are written.

What somebody does is a generator of steps: wait until a moment, write a line or none, go on. The
steps of all wait in one heap. So the lines are the same for the same seed and beginning, however
often they are asked for.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from exporters.embedded.sample import SEED, Entry
from exporters.embedded.sample.chance import chance
from exporters.embedded.traffic.faults import Scenario, Weather
from exporters.embedded.traffic.lines import Answer, Request, line, path_of
from exporters.embedded.traffic.listeners import Listener, Listeners
from exporters.embedded.traffic.pages import CDN_HOST, SITE_HOST, Ask, Feeds, page
from exporters.embedded.traffic.places import wakefulness
from exporters.embedded.traffic.sessions import Fetch, File, heard, session
from exporters.embedded.traffic.shelf import Shelf, talk

Step: TypeAlias = tuple[float, bytes | None]
"""A moment, in seconds since 1970, and the line that is written then."""
Steps: TypeAlias = Iterator[Step]

_REMEMBERED = 2_000
_BROKEN = b'{"time":"2026-01-01T00:00:00Z","user_agent":"She said "hello"","status":200}'
"""What a log format without json.escape() makes of a quote."""
_NOT_THERE = Answer(416, 0, 0.002, "HIT")


@dataclass(frozen=True, slots=True)
class Rates:
    """How many begin in a second of an average hour: to listen, to look at a page, at a feed."""

    listeners: float = 4.0
    pages: float = 190.0
    feeds: float = 45.0


class Crowd:
    """Everybody, from `began` on (seconds since 1970)."""

    def __init__(
        self,
        born: date,
        began: float,
        weather: Weather,
        *,
        rates: Rates = Rates(),
        seed: int = SEED,
    ) -> None:
        """`born` is the day on which the sample was made."""
        self._rng = chance(seed, "crowd")
        self._weather = weather
        self._shelf = Shelf(born, seed)
        self._listeners = Listeners()
        self._feeds = Feeds()
        self._before: deque[tuple[Listener, Entry]] = deque(maxlen=_REMEMBERED)
        self._waiting: list[tuple[float, int, bytes | None, Steps]] = []
        self._steps = 0
        self._requests = 0
        self._shelf.look(began)
        for rate, arrive in (
            (rates.listeners, self._listen),
            (rates.pages, self._browse),
            (rates.feeds, self._fetch_feed),
        ):
            self._go_on(self._arrivals(began, rate, arrive))

    def until(self, moment: float) -> list[bytes]:
        """Return the lines since the last call that are written by a moment."""
        written = []
        while self._waiting[0][0] <= moment:
            _, _, text, steps = heapq.heappop(self._waiting)
            if text:
                written.append(text)
            self._go_on(steps)
        return written

    def _go_on(self, steps: Steps) -> None:
        step = next(steps, None)
        if step:
            self._steps += 1
            heapq.heappush(self._waiting, (step[0], self._steps, step[1], steps))

    def _arrivals(self, at: float, rate: float, arrive: Callable[[float], Steps]) -> Steps:
        """Let somebody come again and again, by chance, `rate` times a second on average."""
        while True:
            at += self._rng.expovariate(rate * wakefulness(at) * talk(at))
            yield at, None
            self._go_on(arrive(at))

    def _browse(self, at: float) -> Steps:
        visitor = self._listeners.visitor(self._rng, at)
        yield self._asked(at, visitor, page(self._rng, self._shelf.entries))
        if self._weather.scenario is Scenario.FULL and self._rng.random() < 0.0002:
            yield at + 0.1, _BROKEN

    def _fetch_feed(self, at: float) -> Steps:
        rng = self._rng
        if rng.random() < 0.3:
            agent, ask = self._feeds.by_reader(rng)
            who = self._listeners.machine(rng, at, agent)
        else:
            agent, ask = self._feeds.by_app(rng)
            who = replace(self._listeners.person(rng, at), agent=agent)
        yield self._asked(at, who, ask)

    def _listen(self, at: float) -> Steps:
        """Choose who wants audio, and what becomes of it."""
        entry = self._shelf.draw(self._rng, at)
        luck = self._rng.random()
        if luck < 0.04 and self._before:
            return self._session(at, *self._rng.choice(self._before))
        listener = self._listeners.person(self._rng, at)
        if luck < 0.1:
            return self._odd(at, listener, entry)
        if luck < 0.16:
            return self._session(at, self._stranger(at), entry)
        self._before.append((listener, entry))
        return self._session(at, listener, entry)

    def _stranger(self, at: float) -> Listener:
        """Return one of those who are not counted."""
        luck, rng = self._rng.random(), self._rng
        if luck < 0.55:
            return self._listeners.bot(rng, at)
        if luck < 0.75:
            return self._listeners.watch(rng, at)
        browser = self._listeners.visitor(rng, at)
        return self._listeners.machine(rng, at, browser.agent)

    def _session(self, at: float, listener: Listener, entry: Entry) -> Steps:
        """Fetch an episode; whoever meets an error gives up, or begins anew a little later."""
        file = File(entry.audio_bytes, listener.speed)
        share = heard(self._rng)
        for attempt in range(2):
            for fetch in session(self._rng, listener.way, file, share):
                at += fetch.pause
                failed, *steps = self._fetch(at, listener, entry, fetch)
                yield from steps
                at = steps[-1][0]
                if failed:
                    break
            else:
                return
            if attempt or self._rng.random() < 0.5:
                return
            at += self._rng.uniform(5, 40)

    def _fetch(
        self, at: float, listener: Listener, entry: Entry, fetch: Fetch
    ) -> tuple[bool, *tuple[Step, ...]]:
        request = Request(CDN_HOST, path_of(entry.podcast, entry.episode), range=fetch.range)
        answer = self._weather.spoil(self._rng, at, listener.pop, fetch.answer)
        steps = [self._written(at, listener, request, answer)]
        if answer.cache.startswith("MISS"):
            # The node asks another one, which stands before the origin and writes a line as well.
            hop = replace(answer, hops=1, took=answer.took * 0.9)
            steps.insert(0, self._written(at, listener, request, hop))
        return answer.status >= 400, *steps

    def _odd(self, at: float, listener: Listener, entry: Entry) -> Steps:
        """Ask in one of the ways that are no download."""
        path, luck = path_of(entry.podcast, entry.episode), self._rng.random()
        if luck < 0.4:
            ask = Ask(Request(CDN_HOST, path, "HEAD"), Answer(200, 0, 0.003, "HIT"))
        elif luck < 0.6:
            ask = Ask(Request(CDN_HOST, path), Answer(304, 0, 0.003, "HIT-CLUSTER"))
        elif luck < 0.8:
            ask = Ask(Request(SITE_HOST, path), Answer(301, 0, 0.002, "HIT-SYNTH"))
        elif luck < 0.99:
            span = f"bytes 0-1/{entry.audio_bytes}"
            ask = Ask(
                Request(CDN_HOST, path, range="bytes=0-1"), Answer(206, 2, 0.002, "HIT", span)
            )
        else:
            ask = Ask(Request(CDN_HOST, path, range="bytes=9999999999-"), _NOT_THERE)
        yield self._asked(at, listener, ask)

    def _asked(self, at: float, listener: Listener, ask: Ask) -> Step:
        answer = self._weather.spoil(self._rng, at, listener.pop, ask.answer)
        return self._written(at, listener, ask.request, answer)

    def _written(self, at: float, listener: Listener, request: Request, answer: Answer) -> Step:
        self._requests += 1
        text = line(at, listener, request, answer, self._requests)
        return at + answer.took, text
