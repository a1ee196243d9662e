"""Numbers, ages and moments as people read them. Pure."""

from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def count(number: float) -> str:
    """Return "1,234", and "12.3 M" from ten million on."""
    return f"{number:,.0f}" if abs(number) < 1e7 else f"{number / 1e6:,.1f} M"


def rate(number: float) -> str:
    """Return a rate with a digit behind the point where it is small: "0.4", "251"."""
    return f"{number:.1f}" if 0 < number < 10 else count(number)


def size(number: float) -> str:
    """Return bytes in decimal units: "12.3 MB"."""
    for factor, unit in _UNITS:
        if number >= factor:
            return f"{number / factor:.1f} {unit}B"
    return f"{number:.0f} B"


def age(seconds: float) -> str:
    """Return "12 s ago", "3 min ago", "5 h ago" or "9 days ago"."""
    if seconds < 2 * _MINUTE:
        return f"{max(seconds, 0):.0f} s ago"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min ago"
    return (
        f"{seconds / _HOUR:.0f} h ago" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days ago"
    )


def clock(at: float) -> str:
    """Return a moment as "14:03:15", in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


def moment(at: float) -> str:
    """Return a moment as HTML's `datetime` wants it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
