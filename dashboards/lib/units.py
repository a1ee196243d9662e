"""Units by Grafana's ids, named by what they measure."""

from enum import StrEnum


class Unit(StrEnum):
    """How values are written. Only ids that Grafana 9.4 knew already."""

    COUNT = "short"
    EXACT = "locale"
    """Whole numbers with separators, for people who compare digits."""
    NONE = "none"
    SHARE = "percentunit"
    """0 to 1, shown as per cent."""
    BYTES = "bytes"
    BYTES_PER_SECOND = "binBps"
    SECONDS = "s"
    MILLISECONDS = "ms"
    PER_MINUTE = "cpm"
    PER_SECOND = "cps"
    REQUESTS_PER_SECOND = "reqps"
    OPERATIONS_PER_SECOND = "ops"
    DOLLARS = "currencyUSD"
    TIME = "dateTimeAsIso"
    AGO = "dateTimeFromNow"
