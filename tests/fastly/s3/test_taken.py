"""Which objects have been taken, however they are named and whenever they come."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exporters.fastly.s3.bucket import Object
from exporters.fastly.s3.taken import Taken

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LATE = timedelta(hours=2)


def at(minutes: int, key: str = "a", etag: str = "1") -> Object:
    return Object(key, etag, NOON + timedelta(minutes=minutes), 10)


def test_an_object_is_wanted_once() -> None:
    taken = Taken(NOON)
    assert taken.wants(at(5))
    taken.add(at(5))
    assert not taken.wants(at(5))
    assert taken.wants(at(5, key="b"))


def test_an_object_that_changes_is_wanted_again() -> None:
    taken = Taken(NOON)
    taken.add(at(5))
    assert taken.wants(at(6, etag="2"))


def test_what_was_there_before_the_beginning_is_not_wanted() -> None:
    assert not Taken(NOON).wants(at(-1))


def test_what_is_forgotten_is_not_wanted_again() -> None:
    taken = Taken(NOON)
    for minutes in range(0, 600, 10):
        taken.add(at(minutes, key=str(minutes)))
    taken.forget(LATE)
    assert len(taken.known) == 13
    assert not any(taken.wants(at(minutes, key=str(minutes))) for minutes in range(0, 600, 10))


def test_a_late_object_is_wanted_whatever_its_name() -> None:
    taken = Taken(NOON)
    taken.add(at(600, key="2026-01-02T22"))
    taken.forget(LATE)
    assert taken.wants(at(500, key="2026-01-01T00"))


def test_nothing_taken_forgets_nothing() -> None:
    taken = Taken(NOON)
    taken.forget(LATE)
    assert taken.since == NOON


def test_it_survives_a_restart(tmp_path: Path) -> None:
    taken = Taken(NOON)
    taken.add(at(5, key="é\n"))
    taken.save(tmp_path / "state", "s3://a/b")
    again = Taken.load(tmp_path / "state", "s3://a/b", NOON + LATE)
    assert again == taken


def test_another_bucket_begins_anew(tmp_path: Path) -> None:
    Taken(NOON).save(tmp_path / "state", "s3://a/b")
    assert Taken.load(tmp_path / "state", "s3://a/c", NOON + LATE).since == NOON + LATE


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "\0", '{"url":"s3://a/b","since":"x","known":[]}']
)
def test_a_broken_file_begins_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "state").write_text(text)
    assert Taken.load(tmp_path / "state", "s3://a/b", NOON) == Taken(NOON)
