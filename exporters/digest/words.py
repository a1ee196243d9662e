"""The digest as people read it: one plain message. Pure."""

from collections.abc import Iterator
from datetime import date, timedelta

from exporters.digest.model import Outages
from exporters.ledger.digests import Launch, ShowWeek, Week
from exporters.slack import Message
from exporters.slack.text import bold, escape, shorten

SHOWN = 5
"""Shows, countries and outages that are named each; a list longer than that nobody reads."""


def message(week: Week, outages: Outages | None) -> Message:
    """Return the message; `outages` is None where nobody could be asked. Its first line says all.

    The week has at least one show.
    """
    return Message("\n".join([_head(week), *(f"• {line}" for line in _lines(week, outages))]))


def _head(week: Week) -> str:
    downloads = sum(show.downloads for show in week.shows)
    before = sum(show.before for show in week.shows)
    days = f"{_day(week.first)} to {_day(week.first + timedelta(days=6))}"
    told = change(downloads, before)
    return bold(f"{days}: {_count(downloads)}{f', {told} than the week before' if told else ''}.")


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"


def _count(downloads: int) -> str:
    return f"{downloads:,} download{'' if downloads == 1 else 's'}"


def change(now: int, before: int) -> str:
    """Return a change as `8 % more`; empty where there is nothing to compare with."""
    if not before:
        return ""
    percent = round(100 * (now - before) / before)
    if not percent:
        return "no more and no less"
    return f"{abs(percent):,} % {'more' if percent > 0 else 'fewer'}"


def _lines(week: Week, outages: Outages | None) -> Iterator[str]:
    if len(week.shows) > 1:
        yield f"Shows: {'; '.join(_show(show) for show in week.shows[:SHOWN])}{_rest(week)}."
    if week.launch:
        yield f"Best launch: {_launch(week.launch)}."
    if week.countries:
        total = sum(downloads for _, downloads in week.countries)
        shares = (f"{escape(c)} {n / total:.0%}" for c, n in week.countries[:SHOWN])
        yield f"Countries: {', '.join(shares).replace('%', ' %')}."
    if outages:
        yield _outages(outages)


def _show(show: ShowWeek) -> str:
    told = change(show.downloads, show.before)
    return f"{escape(show.podcast)} {show.downloads:,}{f' ({told})' if told else ''}"


def _rest(week: Week) -> str:
    more = len(week.shows) - SHOWN
    return f"; and {more} more" if more > 0 else ""


def _launch(launch: Launch) -> str:
    title = f" “{escape(shorten(launch.title, 80))}”" if launch.title else ""
    where = f"{escape(launch.podcast)} {escape(launch.episode)}{title}"
    return f"{where}, {_count(launch.downloads)} by the end of the week"


def _outages(outages: Outages) -> str:
    if not outages.minutes:
        return "No outages."
    longest = sorted(outages.minutes.items(), key=lambda each: (-each[1], each[0]))
    told = ", ".join(f"{escape(name)} {span(minutes)}" for name, minutes in longest[:SHOWN])
    cost = f" They cost about {_count(round(outages.lost))}." if round(outages.lost) else ""
    return f"Outages: {told}.{cost}"


def span(minutes: float) -> str:
    """Return a span as people say it: `4 min`, `1 h 5 min`."""
    hours, rest = divmod(max(round(minutes), 1), 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
