"""What has to be done so that a service has its log endpoint. Pure: no request, no clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporters.fastly.setup.endpoint import Endpoint
from exporters.fastly.setup.versions import Version

Found = Sequence[Mapping[str, Any]]
"""The HTTPS log endpoints of a version."""

_MARK = "Nearfield: log endpoint, from version "
_SECRET = "header_value"  # noqa: S105 - the name of a field


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps for one service, in this order; those that are not needed are not there."""

    service: str
    base: int
    """The version that serves; of a service that never served, the newest."""
    draft: int | None
    """Our own version that an earlier run left; None where it has to be cloned."""
    write: str
    """`create`, `update`, or empty where the endpoint is as it shall be."""
    changes: tuple[str, ...]
    """The fields that an update changes."""
    activate: bool

    @property
    def nothing(self) -> bool:
        """Whether nothing has to be done."""
        return not self.write and (self.draft is None or not self.activate)

    def lines(self, endpoint: Endpoint) -> Iterator[str]:
        """Give in words what will be done; no secret is among them."""
        if self.nothing:
            yield self._nothing(endpoint)
            return
        yield f"Service {self.service}, whose version {self.base} is the one to start from:"
        if self.write and self.draft is None:
            yield f"  clone version {self.base}"
        elif self.draft is not None:
            yield f"  go on with version {self.draft}, which an earlier run left"
        if self.write == "create":
            yield f'  add the HTTPS log endpoint "{endpoint.name}" to {endpoint.url}'
            yield f"    with a token in the header {endpoint.header_name}, and our log format"
        elif self.write:
            yield f'  change the HTTPS log endpoint "{endpoint.name}": {self._changed()}'
        yield "  validate the new version"
        yield "  activate it" if self.activate else "  leave it for you to activate, or --activate"

    def _changed(self) -> str:
        names = (f"{name} (not shown)" if name == _SECRET else name for name in self.changes)
        return ", ".join(names)

    def _nothing(self, endpoint: Endpoint) -> str:
        has = f'has the HTTPS log endpoint "{endpoint.name}" as it shall be'
        if self.draft is None:
            return f"Service {self.service}: nothing to do, version {self.base} {has}"
        return (
            f"Service {self.service}: nothing to do, version {self.draft} {has}, and waits:"
            " look at it and activate it, or --activate"
        )


def mark(base: int) -> str:
    """Return the comment by which we know a version of ours, cloned from `base`."""
    return f"{_MARK}{base}"


def base_of(versions: Sequence[Version]) -> int:
    """Return the version that serves, or the newest of others' in a service that never served."""
    serving = next((each.number for each in versions if each.active), None)
    others = (each.number for each in reversed(versions) if not each.comment.startswith(_MARK))
    return serving or next(others, versions[-1].number)


def draft_of(versions: Sequence[Version], base: int) -> int | None:
    """Return our own version that still waits; from an older base it would undo what came since."""
    waiting = (
        each.number
        for each in reversed(versions)
        if each.number > base and not each.locked and each.comment == mark(base)
    )
    return next(waiting, None)


def plan(
    service: str,
    endpoint: Endpoint,
    base: tuple[int, Found],
    draft: tuple[int, Found] | None,
    *,
    activate: bool,
) -> Plan:
    """Return the steps, given the endpoints of the base and those of our own draft, if any."""
    if not _missing(endpoint, base[1])[0]:
        return Plan(service, base[0], None, "", (), activate)
    write, changes = _missing(endpoint, draft[1] if draft else base[1])
    return Plan(service, base[0], draft[0] if draft else None, write, changes, activate)


def _missing(endpoint: Endpoint, found: Found) -> tuple[str, tuple[str, ...]]:
    for each in found:
        if each.get("name") == endpoint.name:
            changes = endpoint.differs(each)
            return ("update" if changes else "", changes)
    return "create", ()
