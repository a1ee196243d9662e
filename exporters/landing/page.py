"""The page as HTML: all of it is written here, so that it needs no script to be read."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from string import Template
from urllib.parse import quote

from exporters.core.exporter import Health
from exporters.landing import words
from exporters.landing.growth import STEP
from exporters.landing.model import Glance, Link, State, late
from exporters.landing.plot import ceiling, plot

# (fresh, something is wrong): class, sign, words
_MARKS = {
    (True, False): ("good", "✓", "fresh"),
    (True, True): ("warn", "!", "still fresh, but the last read failed"),
    (False, False): ("bad", "✗", "not fresh"),
    (False, True): ("bad", "✗", "not fresh"),
}


def render(template: Template, state: State, seen: Glance, around: Mapping[str, str]) -> str:
    """Return the page; `around` fills what does not change while the process runs."""
    missed = len(late(state))
    live = (
        _verdict(state),
        _figures(seen),
        _plot(seen),
        _lists(seen),
        _sources(state),
    )
    return template.substitute(
        around,
        title=f"({missed}) Nearfield" if missed else "Nearfield",
        live="\n".join(part for part in live if part),
    )


def links(given: Sequence[Link]) -> str:
    """Return the links at the head: pages elsewhere, then our own."""
    own = (Link("Metrics", "metrics"), Link("Readiness", "readyz"))
    return "\n".join(
        f'<a href="{escape(link.url)}">{escape(link.title)}</a>' for link in (*given, *own)
    )


def idle(cures: Sequence[str]) -> str:
    """Return what else could run, in words that say what to do for it; folded up."""
    if not cures:
        return ""
    items = "".join(f"<li>{escape(cure)}</li>" for cure in cures)
    return (
        "<details><summary>What else Nearfield can do, and what it needs for it</summary>"
        f"<ul>{items}</ul></details>"
    )


def _verdict(state: State) -> str:
    missed = late(state)
    if not any(state.values()):
        return '<p class="verdict soft">Nothing runs that could be fresh.</p>'
    if not missed:
        return '<p class="verdict good"><span>✓</span>Everything that runs has fresh data.</p>'
    head = (
        "1 source has no fresh data."
        if len(missed) == 1
        else (f"{len(missed)} sources have no fresh data.")
    )
    items = "".join(
        f"<li><b>{escape(name)}/{escape(health.source)}</b> · {escape(health.reason)}</li>"
        for name, health in missed
    )
    return f'<section><h2 class="bad">✗ {head}</h2><ul class="late">{items}</ul></section>'


def _figures(seen: Glance) -> str:
    if not seen.figures:
        return ""
    items = "\n".join(
        f"<div><dt>{escape(each.label)}</dt><dd>{escape(each.text)}</dd></div>"
        for each in seen.figures
    )
    return f'<section aria-label="Right now"><dl class="figures">\n{items}\n</dl></section>'


def _plot(seen: Glance) -> str:
    if seen.plot is None:
        return ""
    minutes = len(seen.plot) * STEP / 60
    top = ceiling(seen.plot)
    scale = "".join(f"<span>{words.count(value)}</span>" for value in (top, top / 2, 0))
    return (
        f"<section><h2>Downloads of the last {minutes:.0f} minutes"
        f' <small class="soft">{STEP:.0f} seconds a bar</small></h2>\n'
        f'<div class="plot">{plot(seen.plot, STEP, seen.at)}'
        f'<div class="scale" aria-hidden="true">{scale}</div>'
        f'<div class="ends" aria-hidden="true"><span>{minutes:.0f} min ago</span>'
        f"<span>{minutes / 2:.0f} min</span><span>now</span></div></div></section>"
    )


def _lists(seen: Glance) -> str:
    parts = [part for part in (_heard(seen), _published(seen)) if part]
    return f'<div class="pair">{"".join(parts)}</div>' if parts else ""


def _heard(seen: Glance) -> str:
    if not seen.heard:
        return ""
    most = max(each.downloads for each in seen.heard)
    rows = "\n".join(
        f"<tr>{_episode(each.episode, each.podcast)}"
        f'<td class="share">{_share(each.downloads / most)}</td>'
        f'<td class="number">{words.count(each.downloads)}</td></tr>'
        for each in seen.heard
    )
    return (
        "<section><h2>Most downloaded in these minutes</h2>\n<table><thead><tr>"
        '<th scope="col">Episode</th><td class="share"></td>'
        '<th scope="col" class="number">Downloads</th></tr></thead>\n'
        f"<tbody>{rows}</tbody></table></section>"
    )


def _published(seen: Glance) -> str:
    if not seen.published:
        return ""
    columns = [
        (title, get)
        for title, get in (("by the app", "by_app"), ("by the stream", "by_stream"))
        if any(getattr(each, get) is not None for each in seen.published)
    ]
    heads = "".join(f'<th scope="col" class="number">{title}</th>' for title, _ in columns)
    rows = "\n".join(
        f"<tr>{_episode(each.episode, each.podcast, _since(each.at, seen.at))}"
        + "".join(f'<td class="number">{_count(getattr(each, get))}</td>' for _, get in columns)
        + "</tr>"
        for each in seen.published
    )
    return (
        "<section><h2>Newest episodes</h2>\n<table><thead><tr>"
        f'<th scope="col">Episode</th>{heads}'
        f"</tr></thead>\n<tbody>{rows}</tbody></table></section>"
    )


def _episode(title: str, podcast: str, since: str = "") -> str:
    return f'<th scope="row">{escape(title)} <small>{escape(podcast)}{since}</small></th>'


def _since(at: float, now: float) -> str:
    return f' · <time datetime="{words.moment(at)}">{words.age(now - at)}</time>'


def _count(number: float | None) -> str:
    return "" if number is None else words.count(number)


def _share(part: float) -> str:
    return (
        '<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="bar" width="{100 * part:.3g}" height="1"/></svg>'
    )


def _sources(state: State) -> str:
    tables = "\n".join(_exporter(name, sources) for name, sources in state.items() if sources)
    return (
        f'<section><h2>Freshness</h2>\n<div class="sources">\n{tables}\n</div></section>'
        if tables
        else ""
    )


def _exporter(name: str, sources: Sequence[Health]) -> str:
    link = f'<a href="metrics?collect%5B%5D={quote(name)}">metrics</a>'
    rows = "\n".join(_rows(sources))
    return f"<table><caption>{escape(name)}{link}</caption>\n<tbody>{rows}</tbody></table>"


def _rows(sources: Sequence[Health]) -> Iterator[str]:
    for health in sources:
        kind, sign, title = _MARKS[health.fresh, bool(health.reason)]
        why = f'<span class="why">{escape(health.reason)}</span>' if health.reason else ""
        yield (
            f'<tr><th scope="row"><span class="mark {kind}" title="{title}">{sign}</span>'
            f"{escape(health.source)}{why}</th><td>{_when(health)}</td></tr>"
        )


def _when(health: Health) -> str:
    if health.age is not None:
        return words.age(health.age)
    # What waits for others, such as a receiver, is well and has nothing that it reads.
    return "at work" if health.fresh else "waiting"
