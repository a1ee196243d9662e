"""Why a batch is not taken: a status for its sender, a fixed word for our counter.

Refused
├── Unauthorized     401 `unauthorized`   no token, or a wrong one
├── TooSlow          408 `slow`           nothing came, or hardly anything
├── TooLarge         413 `too_large`      longer than a body may be, as sent or inflated
├── UnknownEncoding  415 `encoding`       an encoding that we cannot read
├── Corrupt          400 `corrupt`        it is not in the encoding that it claims
├── BrokenOff        400 `broken_off`     the connection ended before the body did
├── TooMany          429 `busy`           as many as we take are on their way
└── NoRoom           503 `quota`          the spool holds as much as it may
    └── DiskFailed   503 `disk`           the disk is full, or does not take it
"""

from typing import ClassVar

from exporters.core.errors import NearfieldError


class Refused(NearfieldError):
    """A batch that is not taken; its message is for the sender, and names nothing of ours."""

    status: ClassVar[int] = 500
    reason: ClassVar[str] = "failed"


class Unauthorized(Refused):
    """No token, or a wrong one."""

    status, reason = 401, "unauthorized"


class TooSlow(Refused):
    """Nothing came for too long, or hardly anything."""

    status, reason = 408, "slow"


class TooLarge(Refused):
    """Longer than a body may be, as it was sent or inflated."""

    status, reason = 413, "too_large"


class UnknownEncoding(Refused):
    """An encoding that we cannot read."""

    status, reason = 415, "encoding"


class Corrupt(Refused):
    """A body that is not in the encoding that it claims."""

    status, reason = 400, "corrupt"


class BrokenOff(Refused):
    """A connection that ended before the body did; nobody hears the answer."""

    status, reason = 400, "broken_off"


class TooMany(Refused):
    """As many connections or batches as we take are there already."""

    status, reason = 429, "busy"


class NoRoom(Refused):
    """The spool holds as much as it may: to be sent again later."""

    status, reason = 503, "quota"


class DiskFailed(NoRoom):
    """The disk is full, or does not take what is written: to be sent again later."""

    reason = "disk"


MALFORMED = "malformed"
"""The reason of what is no request at all."""

REASONS = (
    MALFORMED,
    DiskFailed.reason,
    *sorted(kind.reason for kind in Refused.__subclasses__()),
)
"""Every label value of `reason`."""
