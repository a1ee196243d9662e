"""From looks at services to deploys: a state machine without I/O, whose time is given to it.

idle ── another image ──▶ going ── completed, failed, rolled back, too late ──▶ idle
                            │ another image again, or removed: abandoned
                            ▼
                          going
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from exporters.containers.deploys.images import Release
from exporters.containers.deploys.model import (
    NONE,
    Deploy,
    Found,
    Look,
    Outcome,
    Phase,
    Problem,
    Service,
)

RECENT = 900.0
"""Seconds after which a deploy that nobody saw is history: it is noted and not told."""

GONE = 60.0
"""Seconds without a service until it is removed; Compose removes the old container first."""

FORGET = 86_400.0
"""Seconds until a service that is gone is as good as new."""

_ENDS: Mapping[Phase, Outcome] = {
    Phase.COMPLETED: "completed",
    Phase.FAILED: "failed",
    Phase.ROLLED_BACK: "rolled_back",
}

_ENDLESS = Problem("it did not come to an end")
_REMOVED = Problem("the service was removed")
_TAKEN_BACK = Problem("it was taken back by hand")


@dataclass(slots=True)
class _Track:
    service: Service
    release: Release
    since: float
    seen: float
    deploy: Deploy | None = None
    failed: Deploy | None = None
    """The last deploy, where it failed: the same image may still come to work."""
    job: bool = False


class Tracker:
    """Follows every service; bounded by what there is and was there within a day."""

    def __init__(self, deadline: float = 3600.0) -> None:
        self._deadline = deadline
        self._tracks: dict[str, _Track] = {}
        self._known: dict[str, Release] = {}

    @property
    def busy(self) -> bool:
        """Whether a deploy is under way."""
        return any(track.deploy for track in self._tracks.values())

    def remember(self, known: Mapping[str, Release]) -> None:
        """Take what services (by id) ran when somebody last looked, before the first look."""
        self._known = dict(known)

    def current(self) -> Iterator[tuple[Service, Release, float]]:
        """Each service that is there, what it runs, and since when."""
        last = max((track.seen for track in self._tracks.values()), default=0.0)
        for track in self._tracks.values():
            if track.seen > last - GONE:
                yield track.service, track.release, track.since

    def observe(self, looks: Iterable[Look], now: float) -> tuple[Deploy | Found, ...]:
        """Return what is new: services found, deploys begun and deploys ended, in this order."""
        news: list[Deploy | Found] = []
        for look in looks:
            track = self._tracks.get(look.service.id)
            if track is None:
                news += self._first(look, now)
            else:
                track.seen = now
                news += self._next(track, look, now)
        news += self._left(now)
        return tuple(news)

    def _first(self, look: Look, now: float) -> Iterator[Deploy | Found]:
        """A service that we see for the first time: found, or in or just after a deploy."""
        known = self._known.pop(look.service.id, None)
        if not look.attempt:
            return
        since = look.ended or look.began
        track = _Track(look.service, look.release, since, now, job=look.exited_well)
        self._tracks[look.service.id] = track
        begun = _missed(look, known)
        if begun and (look.phase not in _ENDS or since > now - RECENT):
            if begun.before:
                track.release = begun.before
            yield from self._begin(track, begun, look, now)
        else:
            yield Found(look.service, look.attempt, look.release, since)

    def _next(self, track: _Track, look: Look, now: float) -> Iterator[Deploy]:
        if not look.attempt:
            return
        if track.deploy is None:
            if track.failed and _succeeds(look, track.failed):
                yield from self._begin(track, _begun(look, track.failed.before), look, now)
            elif look.release.same(track.release):
                track.job = look.exited_well
                # Labels become known late: an image may be inspected only once it is there.
                track.release = look.release
            else:
                yield from self._begin(track, _begun(look, track.release), look, now)
        elif _belongs(look, track.deploy):
            yield from self._step(track, look, now)
        else:
            before = track.deploy
            taken = Problem(f"{look.release.version} took its place")
            yield self._end(track, "abandoned", look.began, taken)
            track.release = before.release
            yield from self._begin(track, _begun(look, before.release), look, now)

    def _begin(self, track: _Track, begun: Deploy, look: Look, now: float) -> Iterator[Deploy]:
        track.deploy = begun
        yield begun
        yield from self._step(track, look, now)

    def _step(self, track: _Track, look: Look, now: float) -> Iterator[Deploy]:
        """End a deploy whose phase is a last one, or that takes too long."""
        assert track.deploy  # noqa: S101  both callers have one
        if look.release.same(track.deploy.release):
            track.deploy = replace(track.deploy, release=look.release)
        if outcome := _outcome(look, track):
            problem = look.problem if outcome != "completed" else NONE
            if look.by_hand and not track.deploy.by_hand:
                problem = _TAKEN_BACK
            yield self._end(track, outcome, look.ended or now, problem)
            track.release = look.release
        elif now - track.deploy.began > self._deadline:
            yield self._end(track, "failed", now, _ENDLESS)
            track.release = look.release

    def _end(self, track: _Track, outcome: Outcome, at: float, problem: Problem) -> Deploy:
        assert track.deploy  # noqa: S101  both callers have one
        ended = replace(track.deploy, outcome=outcome, ended=at, problem=problem)
        track.deploy, track.failed = None, ended if outcome == "failed" else None
        track.since = at
        return ended

    def _left(self, now: float) -> Iterator[Deploy]:
        """End the deploys of services that are gone; forget those that are long gone."""
        for key, track in list(self._tracks.items()):
            if track.deploy and now - track.seen > GONE:
                yield self._end(track, "abandoned", track.seen, _REMOVED)
            if now - track.seen > FORGET:
                del self._tracks[key]


def _begun(look: Look, before: Release | None) -> Deploy:
    return Deploy(
        look.service, look.attempt, look.release, look.began, before, by_hand=look.by_hand
    )


def _missed(look: Look, known: Release | None) -> Deploy | None:
    """The deploy that a first look shows, where it shows one."""
    if look.phase in {Phase.ROLLING_BACK, Phase.ROLLED_BACK} and not look.by_hand:
        if look.attempted is None or look.attempted.same(look.release):
            return None
        return replace(_begun(look, look.release), release=look.attempted)
    before = look.before or known
    if before is None or before.same(look.release):
        return None
    return _begun(look, before)


def _belongs(look: Look, deploy: Deploy) -> bool:
    """Whether a look shows this deploy, and not one that took its place."""
    if look.attempt == deploy.attempt or look.release.same(deploy.release):
        return True
    # Somebody took it back while it was under way: still the same story.
    return look.by_hand and deploy.before is not None and look.release.same(deploy.before)


def _succeeds(look: Look, failed: Deploy) -> bool:
    """Whether the image that failed was tried again and works now.

    A try that fails as well says nothing new, however often somebody's loop makes it.
    """
    return (
        look.phase is Phase.COMPLETED
        and look.attempt != failed.attempt
        and look.release.same(failed.release)
    )


def _outcome(look: Look, track: _Track) -> Outcome | None:
    if look.phase is Phase.FAILED and look.exited_well and track.job:
        return "completed"
    return _ENDS.get(look.phase)
