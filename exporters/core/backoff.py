"""How long to wait after failures: pure arithmetic, no clock and no sleeping."""

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that double up to a limit, with jitter so that retries do not arrive together."""

    initial: float = 1.0
    factor: float = 2.0
    limit: float = 60.0
    jitter: float = 0.2

    def delay(self, failures: int, rand: Callable[[], float] = random.random) -> float:
        """Return the seconds to wait after `failures` (1 or more) failures in a row."""
        # The exponent is capped since 2.0 ** 1024 overflows: a source may be down for weeks.
        base = min(self.initial * self.factor ** min(failures - 1, 64), self.limit)
        return base * (1 + self.jitter * (2 * rand() - 1))
