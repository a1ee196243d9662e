"""What Prometheus remembers of the outages of a week."""

from datetime import datetime

from exporters.core.prometheus import Prometheus
from exporters.digest.model import Outages

# Alerts that listeners feel, by the labels that alerts/rules give them.
_FIRING = 'ALERTS{alertstate="firing", severity="critical", area=~"audience|cdn|database|outside"}'

# Minutes in which one of a name fired, however many: down over both protocols is one outage.
_MINUTES = f"sum_over_time((count by (alertname) ({_FIRING}) > bool 0)[7d:1m])"

# What each hour lacked, where something fired: at twelve looks an hour each counts a twelfth.
_LOST = (
    f"sum(sum_over_time((podcast:podcast_downloads:lost1h and on () count({_FIRING}))[7d:5m])) / 12"
)


# Whether our rules were asked at all: without them there is no outage, and none is not the truth.
_WATCHED = 'count(present_over_time(ALERTS{alertname="Watchdog"}[7d]))'


class History(Prometheus):
    """Asks one Prometheus; opened and closed with the process."""

    async def outages(self, end: datetime) -> Outages | None:
        """Return the outages of the seven days before `end`; None where nobody looked.

        Raises SourceError.
        """
        at = end.timestamp()
        if not await self.number(_WATCHED, at):
            return None
        minutes = await self.by_label(_MINUTES, at, "alertname")
        return Outages(minutes, await self.number(_LOST, at))
