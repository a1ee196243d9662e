"""Floats as Prometheus writes them: Go's notation, as `prometheus_client.utils.floatToGoString`."""

from collections.abc import Iterable
from math import inf, isnan

_EXPONENT = {digits: f"e+{digits - 1:02d}" for digits in range(7, 17)}
_LOWEST = -inf


def number(value: float) -> str:
    """One value as both exposition formats write it."""
    if 1e6 <= value < 1e16:
        return _exponential(repr(value))
    if value == inf:
        return "+Inf"
    if value == -inf:
        return "-Inf"
    return "NaN" if isnan(value) else repr(value)


def numbers(values: Iterable[float]) -> list[str]:
    """Many values; most are finite and under a million, where Go and Python agree."""
    return [repr(value) if _LOWEST < value < 1e6 else number(value) for value in values]


def _exponential(text: str) -> str:
    """`1234500.0` as `1.2345e+06`: Go turns to exponents at a million, Python at 1e16."""
    if text[-1] == "0":  # as it is only in a whole number: the common case, counted bytes
        digits = text[1:-2].rstrip("0")
        exponent = _EXPONENT[len(text) - 2]
        return f"{text[0]}.{digits}{exponent}" if digits else text[0] + exponent
    point = text.find(".")
    return f"{text[0]}.{text[1:point]}{text[point + 1 :]}{_EXPONENT[point]}"
