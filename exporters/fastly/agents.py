"""What measuring wants to know of a user agent, whoever finds it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

AgentKind = Literal["listener", "bot", "watch"]
"""`watch` is an Apple Watch that fetches a second time what its telephone has (PTMG 5.5.2)."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The name of an app and whether its requests can be downloads."""

    app: str
    """One of a bounded set of names: it becomes a label."""
    kind: AgentKind = "listener"


class Classifier(Protocol):
    """Names user agents."""

    def __call__(self, agents: Sequence[str], /) -> Sequence[Agent]:
        """Return one Agent for each of the distinct user agents, in their order.

        An empty string stands for a request without a user agent. It is called by several
        threads, also at the same time, with as many agents as a piece of a segment has.
        """
