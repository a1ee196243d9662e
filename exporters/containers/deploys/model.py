"""Deploys as values: what one look at a service shows, and what a deploy became."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from exporters.containers.deploys.images import Release

Outcome = Literal["completed", "rolled_back", "failed", "abandoned"]
"""How a deploy ended. Abandoned: another took its place, or the service was removed; the ledger,
the message and the log line say so, and `deploy_total`, which knows three ends, does not count it.
"""


class Phase(Enum):
    """Where a service stands between one version and the next."""

    GOING = "going"
    COMPLETED = "completed"
    FAILED = "failed"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class Service:
    """A service; `id` tells it from all others, of other hosts too."""

    id: str
    name: str
    stack: str

    @property
    def labels(self) -> tuple[str, str]:
        """Its labels `service` and `stack`."""
        return self.name, self.stack


@dataclass(frozen=True, slots=True)
class Problem:
    """What failed, as the engine tells it."""

    text: str = ""
    exit_code: int | None = None
    output: str = ""
    """What the last health check said."""


NONE = Problem()
"""Nothing failed, or nobody can tell what."""


@dataclass(frozen=True, slots=True)
class Look:
    """One service at one moment. Times are Unix seconds."""

    service: Service
    release: Release
    """What it runs, or is on the way to."""
    phase: Phase
    attempt: str
    """Names this change of the service, the same for everybody who looks; empty: not known yet."""
    began: float
    ended: float = 0.0
    before: Release | None = None
    """What the engine itself says ran before."""
    attempted: Release | None = None
    """What was given up, where the engine rolled back by itself."""
    by_hand: bool = False
    """Whether somebody asked for this rollback."""
    exited_well: bool = False
    """Whether all that can be said against it is that it ended with code 0, as jobs do."""
    problem: Problem = NONE


@dataclass(frozen=True, slots=True)
class Deploy:
    """A deploy: under way while `outcome` is None. Times are Unix seconds."""

    service: Service
    attempt: str
    release: Release
    began: float
    before: Release | None = None
    by_hand: bool = False
    """A rollback that somebody asked for: `release` is the older version."""
    outcome: Outcome | None = None
    ended: float = 0.0
    problem: Problem = NONE

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(0.0, self.ended - self.began)

    @property
    def runs(self) -> Release | None:
        """What runs after it, as far as it is known."""
        back = self.outcome == "rolled_back" and not self.by_hand
        return self.before if back else self.release


@dataclass(frozen=True, slots=True)
class Found:
    """A service that was seen for the first time, with what it runs since when."""

    service: Service
    attempt: str
    release: Release
    since: float
