"""Floats as Prometheus writes them: Go's notation, as `prometheus_client.utils.floatToGoString`."""

from collections.abc import Iterable
from math import inf

_GO_EXPONENT_FROM = 1e6
_PYTHON_EXPONENT_FROM = 1e16

_EXPONENT = {digits: f"e+{digits - 1:02d}" for digits in range(7, 17)}


def number(value: float) -> str:
    """One value as both exposition formats write it."""
    if -inf < value < _GO_EXPONENT_FROM:
        return repr(value)
    if value < _PYTHON_EXPONENT_FROM:
        return _exponential(repr(value))
    if value == inf:
        return "+Inf"
    if value == -inf:
        return "-Inf"
    return "NaN" if value != value else repr(value)


def numbers(values: Iterable[float]) -> list[str]:
    """Many values; most are finite and under a million, where Go and Python agree."""
    return [repr(v) if -inf < v < _GO_EXPONENT_FROM else number(v) for v in values]


def _exponential(text: str) -> str:
    """`1234500.0` as `1.2345e+06`: Go turns to exponents sooner than Python."""
    whole, _, fraction = text.partition(".")
    mantissa = f"{whole[0]}.{whole[1:]}{fraction}".rstrip("0.")
    return mantissa + _EXPONENT[len(whole)]
