"""Words to tell a tracker what happens: one service, images by a letter, a clock by hand."""

from dataclasses import replace

from exporters.containers.deploys.images import Release
from exporters.containers.deploys.model import Deploy, Found, Look, Phase, Problem, Service
from exporters.containers.deploys.tracker import Tracker

WEB = Service("id-web", "web", "shop")


def release(letter: str) -> Release:
    return Release(f"shop/web:{letter}", f"sha256:{letter * 64}", version=letter)


class Story:
    """Looks at one service; `now` moves by hand."""

    def __init__(self, deadline: float = 3600.0, start: float = 1_000_000.0) -> None:
        self.tracker = Tracker(deadline)
        self.now = start

    def see(
        self,
        image: str,
        phase: Phase = Phase.COMPLETED,
        attempt: str | None = None,
        *,
        after: float = 1.0,
        before: str = "",
        attempted: str = "",
        by_hand: bool = False,
        ended: float = 0.0,
        began: float | None = None,
        exited_well: bool = False,
        problem: Problem = Problem(),  # noqa: B008 - frozen
    ) -> list[str]:
        """Look once, and return the news as short sentences."""
        self.now += after
        look = Look(
            service=WEB,
            release=release(image),
            phase=phase,
            attempt=f"to-{image}" if attempt is None else attempt,
            began=self.now if began is None else began,
            ended=ended,
            before=release(before) if before else None,
            attempted=release(attempted) if attempted else None,
            by_hand=by_hand,
            exited_well=exited_well,
            problem=problem,
        )
        return [told(news) for news in self.tracker.observe([look], self.now)]

    def see_nothing(self, after: float) -> list[str]:
        self.now += after
        return [told(news) for news in self.tracker.observe([], self.now)]

    @property
    def runs(self) -> list[str]:
        return [release.version for _, release, _ in self.tracker.current()]


def told(news: Deploy | Found) -> str:
    if isinstance(news, Found):
        return f"found {news.release.version}"
    words = [news.outcome or "began", news.release.version]
    if news.before:
        words.append(f"from {news.before.version}")
    if news.by_hand:
        words.append("by hand")
    return " ".join(words)


def ended(deploy: Deploy, seconds: float) -> Deploy:
    return replace(deploy, ended=deploy.began + seconds)
