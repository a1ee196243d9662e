from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import ip_address
from uuid import UUID

import pytest

from exporters.downloads.queries.cells import converter, duration, label, lenient, number, unfit
from exporters.downloads.queries.model import Measure, Reading

STATES = Measure("a", "gauge", "A.", "state", Reading.MAPPED, {"up": 1.0, "down": 0.0})


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (7, 7.0),
        (1.5, 1.5),
        (Decimal("2.25"), 2.25),
        (True, 1.0),
        (timedelta(hours=1), 3600.0),
        (datetime(2024, 1, 1, tzinfo=UTC), 1704067200.0),
        (datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 1704067200.0),
        (datetime(2024, 1, 1), 1704067200.0),  # noqa: DTZ001  a timestamp without a zone
        (date(2024, 1, 1), 1704067200.0),
        (None, None),
    ],
)
def test_what_databases_count_with_is_a_number(cell: object, expected: float | None) -> None:
    assert number(cell) == expected


@pytest.mark.parametrize("cell", ["7", b"7", [7], {"a": 7}, time(7)])
def test_all_else_is_none(cell: object) -> None:
    with pytest.raises(KeyError):
        number(cell)


def test_lenient_reads_text_that_spells_a_number_and_no_other() -> None:
    assert (lenient("7.5"), lenient(7), lenient(None)) == (7.5, 7.0, None)
    with pytest.raises(ValueError, match="could not convert"):
        lenient("seven")


@pytest.mark.parametrize(
    ("cell", "milliseconds"),
    [
        ("1h2m3.5s", 3_723_500.0),
        ("250ms", 250.0),
        ("-1.5m", -90_000.0),
        ("15\u00b5s", 0.015),
        ("0", 0.0),
        (timedelta(seconds=2), 2000.0),
        ("-1", None),
        (None, None),
    ],
)
def test_a_duration_is_read_as_go_writes_it(cell: object, milliseconds: float | None) -> None:
    assert duration(cell) == (None if milliseconds is None else pytest.approx(milliseconds))


@pytest.mark.parametrize("cell", ["", "1", "1 h", "00:01:02", "h", 5])
def test_what_go_would_not_write_is_no_duration(cell: object) -> None:
    with pytest.raises(KeyError):
        duration(cell)


def test_a_mapped_text_is_its_number() -> None:
    convert = converter(STATES)
    assert [convert(cell) for cell in ("up", "down", None)] == [1.0, 0.0, None]
    with pytest.raises(KeyError):
        convert("sideways")


@pytest.mark.parametrize("reading", Reading)
def test_a_cell_that_is_unfit_is_told_by_its_column_and_not_quoted(reading: Reading) -> None:
    message = str(unfit("orders", reading, "hunter2"))
    assert message.startswith("column orders has text where ")
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("a", "a"),
        (None, ""),
        (7, "7"),
        (True, "true"),
        (False, "false"),
        (1.5, "1.5"),
        (Decimal("1.50"), "1.50"),
        (date(2024, 1, 2), "2024-01-02"),
        (datetime(2024, 1, 2, 3, tzinfo=UTC), "2024-01-02T03:00:00+00:00"),
        (ip_address("192.0.2.1"), "192.0.2.1"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ([1], None),
        ({"a": 1}, None),
        (b"a", None),
    ],
)
def test_a_label_is_text_and_empty_for_null(cell: object, text: str | None) -> None:
    assert label(cell) == text
