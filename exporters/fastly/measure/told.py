"""Asks a workspace for the requests worth reading, and makes lines of them."""

from collections.abc import Callable, Collection
from typing import Any

from exporters.fastly.agents import Classifier
from exporters.fastly.measure.labels import (
    UNSET,
    cache_of,
    country_of,
    error_of,
    pop_of,
    protocol_of,
)
from exporters.fastly.measure.places import Places
from exporters.fastly.measure.workspace import Workspace, statement
from exporters.fastly.requests.condition import Worth
from exporters.fastly.requests.masking import Masks, host_of
from exporters.fastly.requests.model import Request, RequestLine, Told, Why, clean, line_of

_COUNT = "SELECT count(*) FROM taken WHERE told"


class Telling:
    """Makes lines of rows, by the settings."""

    def __init__(
        self, worth: Worth, classifier: Classifier, places: Places, feed_path: str
    ) -> None:
        self.worth = worth
        self._classifier, self._places = classifier, places
        self._masks = Masks(feed_path)

    def tell(self, workspace: Workspace, shows: Collection[str]) -> Told:
        """Return what is told of the lines in `taken`. Raises MeasureError.

        `shows` are podcasts that everybody may know: the names of their feeds are no secrets.
        """
        limit = self.worth.limit
        query = statement("told").format(slow=self.worth.slow, limit=limit)
        rows = workspace.rows(query)
        found = workspace.rows(_COUNT)[0][0] if len(rows) == limit else len(rows)
        agents = dict.fromkeys(agent for agent, *_ in rows)
        apps = dict(zip(agents, self._classifier(list(agents)), strict=True))
        is_public = self._is_public(shows)
        return Told(
            [self._line(row, apps[agent].app, is_public) for agent, *row in rows],
            found - len(rows),
        )

    def _is_public(self, shows: Collection[str]) -> Callable[[str], bool]:
        def is_public(path: str) -> bool:
            place = self._places.find(path)
            return place is not None and place.podcast in shows

        return is_public

    def _line(self, row: Any, app: str, is_public: Callable[[str], bool]) -> RequestLine:
        us, method, path, status, took_us, sent, host, cache, pop, protocol, country, *rest = row
        referer, request_id, error, address, slow = rest
        request = Request(
            method=clean(method),
            path=clean(self._masks.path(path, public=is_public(path))),
            status=str(status),
            seconds="" if took_us is None else f"{took_us / 1e6:.3f}",
            bytes=str(sent),
            http_host=clean(_set(host).lower()),
            cache=cache_of(cache),
            pop=pop_of(pop),
            protocol=protocol_of(protocol),
            country=country_of(country),
            app=app,
            referrer=clean(host_of(_set(referer))),
            request_id=clean(_set(request_id)),
            error=error_of(error) if error else "",
            client_ip=clean(address) if self.worth.address else "",
        )
        return line_of(us * 1000, _why(status, slow=slow), request)


def _why(status: int, *, slow: bool) -> Why:
    if status >= 400:
        return "status"
    return "slow" if slow else "sample"


def _set(text: str | None) -> str:
    return "" if text is None or text in UNSET else text
