"""CDN: what listeners get, how fast, from where, and what it costs."""

from dashboards.cdn.ask import LINES
from dashboards.cdn.cache import cache
from dashboards.cdn.delivery import delivery, places
from dashboards.cdn.sources import lines, realtime, receiver
from dashboards.cdn.traffic import red
from dashboards.lib import Dashboard, choice, labels

dashboard = Dashboard(
    uid="nearfield-cdn",
    title="Nearfield 5: CDN",
    description="What listeners get, how fast, from where, and what it costs.",
    rows=[red, cache, places, delivery, lines, realtime, receiver],
    variables=[
        labels("host", "cdn_requests_total"),
        choice("price", ("0.12", "0.08", "0.04", "0.02", "0.19", "0.28"), text="Dollars a GB"),
    ],
    logs=LINES,
    time="now-3h",
)
