"""The page at `/`: every exporter, whether its data is fresh and why not, in plain HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from string import Template
from urllib.parse import quote

from exporters.core.exporter import Health

_PAGE = Template(
    """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="10">
<title>$title</title>
<link rel="icon" href="data:,">
<style>
:root {
  --ink: light-dark(#1c2430, #e6e9ee); --soft: light-dark(#5b6675, #9aa5b4);
  --paper: light-dark(#f6f7f9, #12161c); --card: light-dark(#fff, #1a2029);
  --line: light-dark(#e1e5ea, #2a323d); --good: light-dark(#17803d, #4cc38a);
  --warn: light-dark(#9a6700, #e3b341);
  --bad: light-dark(#c02626, #ff7b72); --link: light-dark(#0b5cad, #79b8ff);
}
* { box-sizing: border-box; margin: 0 }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
main { max-width: 54rem; margin: 0 auto; padding: 2rem 1rem 3rem }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline }
h1 { font-size: 1.5rem } h2 { font-size: 1.05rem; flex: 1 }
a { color: var(--link) } .soft { color: var(--soft) }
.verdict { margin: .25rem 0 1.5rem; font-weight: 600 }
.good { color: var(--good) } .bad { color: var(--bad) }
.warn { color: var(--warn); font-weight: 700 }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1rem 1.1rem; margin-bottom: 1rem }
ul { list-style: none; padding: 0; margin-top: .5rem }
li { display: grid; grid-template-columns: 1.2rem minmax(8rem, 14rem) 1fr; gap: 0 .4rem;
  padding: .4rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere }
@media (max-width: 34rem) {
  li { grid-template-columns: 1.2rem 1fr }
  li > :last-child { grid-column: 2 / -1 }
}
</style>
<main>
<header><h1>Nearfield</h1><span class="soft">$version</span></header>
<p class="verdict">$verdict</p>
$exporters
<nav><a href="metrics">All metrics</a> · <a href="readyz">Readiness</a>
· <a href="healthz">Liveness</a></nav>
</main>
</html>
"""
)

# (fresh, something is wrong): class, sign, words
_MARKS = {
    (True, False): ("good", "✓", "fresh"),
    (True, True): ("warn", "!", "still fresh, but the last read failed"),
    (False, False): ("bad", "✗", "not fresh"),
    (False, True): ("bad", "✗", "not fresh"),
}
_MINUTE = 60
_HOUR = 3600


def render_page(exporters: Mapping[str, Sequence[Health]], version: str) -> str:
    """Return the page for the health of every exporter's sources."""
    late = sum(not health.fresh for sources in exporters.values() for health in sources)
    return _PAGE.substitute(
        title=("Nearfield" if not late else f"({late}) Nearfield"),
        version=escape(version),
        verdict=_verdict(late),
        exporters="\n".join(_exporter(name, sources) for name, sources in exporters.items()),
    )


def age_in_words(age: float) -> str:
    """Return "12 s ago", "3 min ago" or "5 h ago"."""
    if age < 2 * _MINUTE:
        return f"{age:.0f} s ago"
    return f"{age / _MINUTE:.0f} min ago" if age < 2 * _HOUR else f"{age / _HOUR:.0f} h ago"


def _verdict(late: int) -> str:
    if not late:
        return '<span class="good">Everything that runs has fresh data.</span>'
    what = "1 source has" if late == 1 else f"{late} sources have"
    return f'<span class="bad">{what} no fresh data.</span>'


def _exporter(name: str, sources: Sequence[Health]) -> str:
    rows = "\n".join(_source(health) for health in sources)
    link = f'<a href="metrics?collect%5B%5D={quote(name)}">metrics</a>'
    listed = f"<ul>\n{rows}\n</ul>" if rows else '<p class="soft">Nothing to read yet.</p>'
    return f"<section>\n<header><h2>{escape(name)}</h2>{link}</header>\n{listed}\n</section>"


def _source(health: Health) -> str:
    kind, sign, title = _MARKS[health.fresh, bool(health.reason)]
    mark = f'<span class="{kind}" title="{title}">{sign}</span>'
    when = _when(health)
    why = f" · {escape(health.reason)}" if health.reason else ""
    text = f'<span class="soft">{when}</span>{why}'
    return f"<li>{mark}<span>{escape(health.source)}</span><span>{text}</span></li>"


def _when(health: Health) -> str:
    if health.age is not None:
        return f"read {age_in_words(health.age)}"
    # What waits for others, such as a receiver, is well and has nothing that it reads.
    return "at work" if health.fresh else "never read"
