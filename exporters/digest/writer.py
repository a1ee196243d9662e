"""Looks each minute whether a digest is due, writes it, and sends it if it is ours to send."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, tzinfo

from exporters.core.database import Database
from exporters.core.errors import SourceError
from exporters.digest.model import Outages, first_day, latest
from exporters.digest.source import History
from exporters.digest.words import message
from exporters.ledger.digests import Week, is_taken, read_week, take
from exporters.slack import Accepts
from exporters.slack.settings import Weekly

log = logging.getLogger(__name__)

LATE = timedelta(hours=24)
"""How late a digest is still sent: after a night's outage yes, when installed on Friday no."""

PATIENCE = timedelta(minutes=30)
"""How long a digest waits for Prometheus; then it goes without the outages."""

_DEADLINE = 10.0


class Writer:
    """Sends each week's digest once, however many processes share the ledger.

    It is written before it is claimed: what fails on the way is tried again, by whoever comes
    first. A process that dies between claim and post tells nobody; no one is told twice.
    """

    def __init__(
        self,
        ledger: Database,
        history: History | None,
        sender: Accepts,
        moment: Weekly,
        zone: tzinfo,
        name: str,
        clock: Callable[[], datetime],
    ) -> None:
        """`name` is this process's own; `clock` gives moments with a time zone."""
        self._ledger = ledger
        self._history = history
        self._sender = sender
        self._moment = moment
        self._zone = zone
        self._name = name
        self._clock = clock
        self._settled: datetime | None = None

    async def look(self) -> None:
        """Send the digest that is due, if there is one and it is ours. Raises SourceError."""
        now = self._clock()
        due = latest(now, self._moment, self._zone)
        if due == self._settled or now - due > LATE:
            return
        if not await is_taken(self._ledger, due, deadline=_DEADLINE):
            await self._write(due, now)
        self._settled = due

    async def _write(self, due: datetime, now: datetime) -> None:
        week = await read_week(self._ledger, first_day(due), deadline=_DEADLINE)
        if not any(show.downloads or show.before for show in week.shows):
            log.info("no digest this week: the ledger has no downloads of it")
            return
        text = message(week, await self._outages(week, now - due))
        if await take(self._ledger, due, self._name):
            self._sender.accept(text)

    async def _outages(self, week: Week, late: timedelta) -> Outages | None:
        if not self._history:
            return None
        end = datetime.combine(week.first + timedelta(days=7), time(), UTC)
        try:
            return await self._history.outages(end)
        except SourceError as error:
            if late < PATIENCE:
                raise
            log.warning("the digest goes without the outages of the week: %s", error)
            return None
